import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Census, takeCensus } from "@a3s/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { a3sBoxInTerminal, commandWith, type Ended, program } from "./command.ts";
import { jsonOf } from "./json-output.ts";

const image = process.env["A3S_EXAMPLE_IMAGE"] ?? "";
/** An emulated host boots guests 20 to 50 times slower than hardware. */
const patient = ["--boot-timeout", "120", "-m", "256"];
let home: string;
let before: Census;
let a3sBox: ReturnType<typeof commandWith>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-cli-"));
  before = await takeCensus(home);
  a3sBox = commandWith(home);
});
afterAll(async () => {
  await a3sBox("rm", "-f", ...(await a3sBox("ps", "-aq")).stdout.split("\n").filter((id) => id !== ""));
  const after = await takeCensus(home);
  await rm(home, { recursive: true, force: true });
  expect(after).toEqual(before);
});

/** With something on its standard input. */
async function given(stdin: string | Uint8Array, ...args: readonly string[]): Promise<Ended> {
  const child = spawn(process.execPath, ["--", program, ...args], { env: { ...process.env, A3S_HOME: home } });
  child.stdin.end(stdin);
  const [stdout, stderr, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, "close")]);
  return { code, stdout, stderr };
}

const stateOf = async (name: string) => jsonOf("inspect", await a3sBox("inspect", name))[0]?.state;

test("a box that runs by itself, from its start to its end, as docker's would", { timeout: 300_000 }, async () => {
  const main = "echo out; echo err >&2; trap 'echo hup' HUP; trap 'exit 9' TERM; while :; do sleep 0.1; done";
  const run = ["run", "-d", "--name", "web", "-e", "GREETING=hello", ...patient, image, "--", "sh", "-c", main];
  const started = await a3sBox(...run);
  expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[a-z0-9]{12}\n$/), stderr: "" });
  expect(await a3sBox(...run)).toMatchObject({ code: 125, stderr: expect.stringContaining("[BOX_NAME_TAKEN]") });
  expect((await a3sBox("ps")).stdout).toMatch(/ Up .* web\n$/);

  // Each is a docker behaviour: the call, and how it ends.
  const table: readonly (readonly [args: readonly string[], end: Partial<Ended>, stdin?: string])[] = [
    [
      ["exec", "web", "sh", "-c", "echo $GREETING; echo problem >&2; exit 7"],
      { code: 7, stdout: "hello\n", stderr: "problem\n" },
    ],
    [
      ["exec", "-i", "-w", "/tmp", "-u", "1000", "-e", "A=1", "web", "--", "sh", "-c", "cat; pwd; id -u; echo $A"],
      { code: 0, stdout: "typed\n/tmp\n1000\n1\n" },
      "typed\n",
    ],
    [["exec", "web", "cat"], { code: 0, stdout: "" }, "not read"],
    [["exec", "web", "sh", "-c", "kill -KILL $$"], { code: 137, stdout: "" }],
    [["exec", "web", "no-such-command"], { code: 127, stdout: "" }],
    [["exec", "web", "/etc/passwd"], { code: 126, stdout: "" }],
    [["exec", "-d", "web", "no-such-command"], { code: 127, stdout: "" }],
    [["exec", "-d", "web", "sh", "-c", "echo done > /tmp/detached; sleep 1000"], { code: 0, stdout: "", stderr: "" }],
    [["rm", "web"], { code: 1, stdout: "" }],
    [["start", "web"], { code: 0, stdout: "web\n" }],
    [["rename", "web", "shop"], { code: 0, stdout: "" }],
    [["kill", "-s", "HUP", "shop"], { code: 0, stdout: "shop\n" }],
  ];
  for (const [args, end, stdin = ""] of table) expect(await given(stdin, ...args), args.join(" ")).toMatchObject(end);

  await writeFile(join(home, "notes"), "remember\n");
  expect((await a3sBox("cp", join(home, "notes"), "shop:/tmp/")).stderr).toContain("1 entries copied to shop:/tmp/");
  expect((await a3sBox("cp", "-q", "shop:/tmp/notes", join(home, "copy"))).stderr).toBe("");
  expect(await readFile(join(home, "copy"), "utf8")).toBe("remember\n");
  expect((await a3sBox("cp", "shop:/tmp/notes", "-")).stdout).toMatch(/^notes\0.*remember/s);
  await Promise.all(["copy", "notes"].map((name) => rm(join(home, name))));

  expect(jsonOf("stats", await a3sBox("stats", "--no-stream", "--json"))).toMatchObject([
    { name: "shop", cpu: { count: 2 }, taskCount: expect.any(Number) },
  ]);
  // Follows until the box ends.
  const logs = a3sBox("logs", "-f", "shop");
  expect(await a3sBox("stop", "shop")).toMatchObject({ code: 0, stdout: "shop\n" });
  expect(await logs).toEqual({ code: 0, stdout: "out\nhup\n", stderr: "err\n" });
  expect((await a3sBox("logs", "-t", "shop")).stdout).toMatch(/^\d{4}-\S+Z out\n\d{4}-\S+Z hup\n$/);
  expect((await a3sBox("wait", "shop")).stdout).toBe("9\n");
  expect((await a3sBox("ps", "--filter", "exited=9")).stdout).toMatch(/ Exited \(9\) .* ago .* shop\n$/);
  expect(await a3sBox("rm", "shop")).toMatchObject({ code: 0, stdout: "shop\n" });
});

test("without --rm a box stays with its exit code, and runs again with -a", { timeout: 300_000 }, async () => {
  expect(await a3sBox("run", "--name", "once", ...patient, image, "--", "sh", "-c", "echo ran; exit 3")).toEqual({
    code: 3,
    stdout: "ran\n",
    stderr: "",
  });
  expect((await a3sBox("ps", "-a")).stdout).toMatch(/ Exited \(3\) .* once\n$/);
  expect(await a3sBox("start", "-a", "once")).toEqual({ code: 3, stdout: "ran\n", stderr: "" });
  await a3sBox("rm", "once");
});

test("the detach keys leave a shell that goes on, and attach joins it again", { timeout: 300_000 }, async () => {
  const leave = "\x10\x11";
  const shell = ["run", "-it", "--rm", "--name", "shell", ...patient, image, "--", "sh"];
  const left = await a3sBoxInTerminal(home, shell, { "# ": "stty size; echo is'' up\n", "is up\r": leave });
  expect(left.code).toBe(0);
  expect(left.screen).toContain("24 80");
  expect(await stateOf("shell")).toBe("running");
  const attach = a3sBoxInTerminal(home, ["attach", "shell"], { ">": "echo is'' back\n", "is back\r": "exit 4\n" });
  expect((await attach).code).toBe(4);
  // It goes with its end.
  expect((await a3sBox("ps", "-aq")).stdout).toBe("");
});
