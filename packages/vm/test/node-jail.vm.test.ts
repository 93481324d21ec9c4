import { execFile } from "node:child_process";
import { chown, mkdir, mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { VmSpec } from "../src/index.ts";
import type { CreatorRequest } from "./creator.ts";
import { NODE } from "./executors.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";

/** It needs no VM, but root, who can become others: the emulated KVM host has it. */
const NOBODY = 65534;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  await mkdir(join(directory, "root"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Starts a VM as setpriv(1) makes a process, and answers the measures that are in force and the log's text. */
async function startAs(setpriv: readonly string[], root: VmSpec["root"]): Promise<readonly string[]> {
  const request: CreatorRequest = {
    spec: { vcpus: 1, memoryMib: 128, root, init: { path: "/write" } },
    options: {
      log: { path: join(directory, "log") },
      exitPath: join(directory, "exit.json"),
      libraries: await buildFakeLibkrun(directory),
      ...NODE.options,
    },
    report: true,
  };
  const creator = [process.execPath, join(import.meta.dirname, "creator.ts"), JSON.stringify(request)];
  const { stdout } = await promisify(execFile)("setpriv", [...setpriv, ...creator]);
  const [started = "", ended = ""] = stdout.split("\n");
  expect(JSON.parse(ended)).toMatchObject({ code: 0, cause: "guest" });
  return JSON.parse(started).jail;
}

test("an ordinary user's VM process is in a user namespace, and what is read-only is so for it", async () => {
  const path = join(directory, "root");
  for (const each of [directory, path]) await chown(each, NOBODY, NOBODY);
  const user = ["--reuid", String(NOBODY), "--regid", String(NOBODY), "--clear-groups"];
  expect(await startAs(user, { path, readOnly: true })).toEqual(["user-namespace", ...NODE.measures]);
  expect(await readdir(path)).toEqual([]);
});

test("where no namespace is to be had, a VM starts without them, but not with anything read-only", async () => {
  const path = join(directory, "root");
  const weak = ["--bounding-set", "-sys_admin"];
  expect(await startAs(weak, { path })).toEqual(["resource-limits", "no-new-privileges", "system-call-filter"]);
  expect(await readdir(path)).toEqual(["new"]);
  await expect(startAs(weak, { path, readOnly: true })).rejects.toMatchObject({
    stderr: expect.stringContaining(`${path} read-only, without a mount namespace`),
  });
});
