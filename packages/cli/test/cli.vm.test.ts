import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Census, takeCensus } from "@a3s/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { a3sBoxInTerminal, program } from "./command.ts";

const image = process.env["A3S_EXAMPLE_IMAGE"] ?? "";
/** An emulated host boots guests 20 to 50 times slower than hardware. */
const run = ["run", "--boot-timeout", "120"];
let home: string;
let before: Census;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-cli-"));
  before = await takeCensus(home);
});
afterEach(async () => expect(await takeCensus(home)).toEqual(before));
afterAll(() => rm(home, { recursive: true, force: true }));

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, ["--", program, ...args], { env: { ...process.env, A3S_HOME: home }, stdio: "pipe" });
}

async function finish(child: ChildProcess, stdin = "") {
  child.stdin?.end(stdin);
  const outputs = Promise.all([child.stdout, child.stderr].map((stream) => buffer(stream as NodeJS.ReadableStream)));
  const [code] = (await once(child, "close")) as [number | null];
  const [stdout, stderr] = (await outputs).map(String);
  return { code, stdout, stderr };
}

test("run passes stdin, stdout, stderr and the exit code through, and leaves nothing behind", async () => {
  const script = "read line; echo got $line $MORE in $(pwd); echo problem >&2; exit 7";
  const args = [...run, "-i", "-e", "MORE=more", "-w", "/tmp", image, "--", "sh", "-c", script];
  expect(await finish(start(...args), "input\n")).toEqual({
    code: 7,
    stdout: "got input more in /tmp\n",
    stderr: "problem\n",
  });
});

test("run takes the environment, the user, rights and limits as docker has them", async () => {
  const file = join(home, "env");
  await writeFile(file, "FROM_FILE=1\nBOTH=file\n");
  const script = `echo $FROM_FILE $BOTH $(id -u):$(id -g) $(ulimit -n) $(grep -c . /etc/hostname)
    grep -E '^(CapPrm|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\\n\\t' '  '`;
  const options = [
    "--env-file",
    file,
    "-e",
    "BOTH=flag",
    "-u",
    "1000:50",
    "--cap-drop",
    "ALL",
    "--ulimit",
    "nofile=99",
  ];
  const rights = ["--security-opt", "no-new-privileges=false", "--security-opt", "seccomp=unconfined"];
  const { code, stdout, stderr } = await finish(start(...run, ...options, ...rights, image, "--", "sh", "-c", script));
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(/^1 flag 1000:50 99 1\nCapPrm: 0+ CapBnd: 0+ NoNewPrivs: 0 Seccomp: 0 $/);
});

test("a command that does not exist ends with 127 and a sentence", async () => {
  const { code, stdout, stderr } = await finish(start(...run, image, "--", "no-such-command"));
  expect({ code, stdout }).toEqual({ code: 127, stdout: "" });
  expect(stderr).toMatch(/no-such-command.*\[COMMAND_NOT_FOUND\]/);
});

test("a reader that leaves ends the command and the box, without a complaint", async () => {
  const child = start(...run, image, "--", "yes");
  child.stdout?.once("data", () => child.stdout?.destroy());
  const [stderr, [code]] = await Promise.all([buffer(child.stderr as NodeJS.ReadableStream), once(child, "exit")]);
  expect({ code, stderr: String(stderr) }).toEqual({ code: 141, stderr: "" });
});

test("Ctrl-C while the box boots ends with 130 and leaves nothing behind", async () => {
  const child = start(...run, "--verbose", image, "--", "true");
  child.stderr?.on("data", (chunk) => String(chunk).includes("kernel") && child.kill("SIGINT"));
  const { code, stderr } = await finish(child);
  expect(code).toBe(130);
  expect(stderr).toContain("interrupted by SIGINT");
});

test("-t runs the command on a terminal of this one's size, -it passes keys on, Ctrl-C too", async () => {
  const script = "tty; stty size; trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 1; done";
  const { code, screen } = await a3sBoxInTerminal(home, [...run, "-it", image, "--", "sh", "-c", script], {
    ready: "\x03",
  });
  expect(screen).toContain("/dev/pts/");
  expect(screen).toContain("24 80");
  expect(screen).toContain("caught");
  expect(code).toBe(5);
});

test("doctor says that guests can run here", async () => {
  const { code, stdout } = await finish(start("doctor", "--json"));
  expect(JSON.parse(stdout ?? "")).toMatchObject({ ok: true });
  expect(code).toBe(0);
});
