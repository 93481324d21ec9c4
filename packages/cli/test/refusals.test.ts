import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { takeCensus } from "@a3s/testing";
import { afterEach, beforeEach, expect, test } from "vitest";

const program = fileURLToPath(new URL("../dist/main.js", import.meta.url));
let home: string;
beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-cli-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

function a3sBox(...args: readonly string[]): Promise<{ code: number; stdout: string; stderr: string }> {
  return new Promise((resolve) => {
    const env = { ...process.env, A3S_HOME: home };
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, stdout, stderr }),
    );
  });
}

test.each([
  ["a reference that is none", ["run", "alpine:no tag"], "REFERENCE_INVALID"],
  ["a registry that is down", ["run", "127.0.0.1:1/some/image:1"], "REGISTRY_UNREACHABLE"],
  ["a layout that is missing", ["run", "oci:/no/such/layout:1"], "LAYOUT_INVALID"],
  ["a volume that is missing", ["run", "-v", "/no/such/directory:/mnt", "alpine"], "VOLUME_INVALID"],
  ["too many vCPUs", ["run", "--cpus", "99", "alpine"], "CONFIG_INVALID"],
])("%s ends with 125, a code and a hint, and leaves nothing behind", async (_, args, code) => {
  const before = await takeCensus(home);
  const result = await a3sBox(...args);
  expect(result).toMatchObject({ code: 125, stdout: "" });
  expect(result.stderr).toContain(`[${code}]`);
  expect(result.stderr).toContain("hint: ");
  expect(await takeCensus(home)).toEqual(before);
});

test.each([
  ["no command", [], "Usage: a3s-box"],
  ["an unknown command", ["rum"], "Did you mean run?"],
  ["an unknown option", ["run", "--memroy", "1", "alpine"], "Did you mean --memory?"],
  ["no image", ["run"], "missing required argument 'image'"],
  ["memory that is no number", ["run", "-m", "1g", "alpine"], "It must be a whole number."],
])("%s is refused by the command line itself", async (_, args, text) => {
  const { code, stderr } = await a3sBox(...args);
  expect(stderr).toContain(text);
  expect(code).not.toBe(0);
});

test("help shows how to run an image", async () => {
  const { code, stdout } = await a3sBox("run", "--help");
  expect(code).toBe(0);
  expect(stdout).toContain("a3s-box run alpine:3.22 -- uname -a");
});
