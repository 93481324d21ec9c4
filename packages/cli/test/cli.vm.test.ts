import { type ChildProcess, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { globSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { buffer } from "node:stream/consumers";
import { type Census, takeCensus } from "@a3s/testing";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { a3sBoxInTerminal, program } from "./command.ts";

const image = process.env["A3S_EXAMPLE_IMAGE"] ?? "";
/** An emulated host boots guests 20 to 50 times slower than hardware. */
const run = ["run", "--rm", "--boot-timeout", "120", "--cpus", "1", "-m", "256"];
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
  const [stdout = "", stderr = ""] = (await outputs).map(String);
  return { code, stdout, stderr };
}

test("run takes the environment, the user, rights and limits as docker has them; -t without -i is a terminal whose output is one stream", async () => {
  const file = join(home, "env");
  await writeFile(file, "FROM_FILE=1\nBOTH=file\n");
  const script = `tty; pwd; echo $FROM_FILE $BOTH $(id -u):$(id -g) $(ulimit -n) $(grep -c . /etc/hostname) >&2
    grep -E '^(CapPrm|CapBnd|NoNewPrivs|Seccomp):' /proc/self/status | tr -s '\\n\\t' '  '`;
  const who = ["--env-file", file, "-e", "BOTH=flag", "-u", "1000:50"];
  const rights = ["--security-opt", "no-new-privileges=false", "--security-opt", "seccomp=unconfined"];
  const options = ["-t", "-w", "/nowhere/yet", ...who, "--cap-drop", "ALL", "--ulimit", "nofile=99", ...rights];
  const { code, stdout, stderr } = await finish(
    start(...run, ...options, "--entrypoint", "sh", image, "--", "-c", script),
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout).toMatch(
    /^\/dev\/pts\/\d+\r\n\/nowhere\/yet\r\n1 flag 1000:50 99 1\r\nCapPrm: 0+ CapBnd: 0+ NoNewPrivs: 0 Seccomp: 0 $/,
  );
});

test("a command that does not exist ends with 127 and a sentence", async () => {
  const { code, stdout, stderr } = await finish(start(...run, image, "--", "no-such-command"));
  expect({ code, stdout }).toEqual({ code: 127, stdout: "" });
  expect(stderr).toMatch(/no-such-command.*\[COMMAND_NOT_FOUND\]/);
});

/** One `run`, and what docker's would show. */
interface Row {
  readonly options?: readonly string[];
  readonly command: readonly string[];
  readonly stdin?: string;
  /** Sent to `a3s-box` itself, each when its text is in the output. */
  readonly signals?: Readonly<Record<string, NodeJS.Signals>>;
  /** Whether the end of the box has been asked for when the text is in the output. */
  readonly halted?: Readonly<Record<string, boolean>>;
  readonly code: number;
  readonly stdout?: string | RegExp;
  readonly stderr?: string | RegExp;
}

const MANY = 4_000_000;

const rows: Readonly<Record<string, Row>> = {
  "large input and output are whole, apart, and come before the end by a signal": {
    options: ["-i", "-e", "MORE=more", "-w", "/tmp"],
    command: [
      "sh",
      "-c",
      `read line; echo got $line $MORE in $(pwd) >&2
       cat | md5sum >&2; head -c ${MANY} /dev/zero | tr '\\0' x; kill -KILL $$`,
    ],
    stdin: `input\n${"y".repeat(MANY)}`,
    code: 137,
    stdout: "x".repeat(MANY),
    stderr: `got input more in /tmp\n${createHash("md5").update("y".repeat(MANY)).digest("hex")}  -\n`,
  },
  "without -i there is nothing to read, and every signal goes to the command, which one that it does not expect ends": {
    command: [
      "sh",
      "-c",
      `cat; trap 'echo usr1' USR1; trap 'echo int' INT; echo one
       while :; do sleep 1; done`,
    ],
    stdin: "not read",
    signals: { one: "SIGUSR1", usr1: "SIGINT", int: "SIGTERM" },
    code: 143,
    stdout: "one\nusr1\nint\n",
    // What asks for the end of the box counts as such before it is sent; see `asksForEnd`.
    halted: { one: false, usr1: false, int: true },
  },
};

test.each(Object.entries(rows))("%s", async (_, { options = [], command, stdin, signals = {}, ...expected }) => {
  const child = start(...run, ...options, image, "--", ...command);
  const unsent = { ...signals };
  const halted: Record<string, boolean> = {};
  let seen = "";
  child.stdout?.on("data", (chunk) => {
    if (Object.keys(unsent).length > 0) seen += chunk;
    for (const [text, signal] of Object.entries(unsent)) {
      if (!seen.includes(text)) continue;
      delete unsent[text];
      halted[text] = globSync("boxes/*/run-1/halted", { cwd: home }).length > 0;
      child.kill(signal);
    }
  });
  const { code, stdout, stderr } = await finish(child, stdin);
  expect(code).toBe(expected.code);
  if (expected.halted !== undefined) expect(halted).toEqual(expected.halted);
  // Not with its difference: that takes minutes for some megabytes.
  if (typeof expected.stdout === "string") expect(stdout === expected.stdout, stdout.slice(0, 200)).toBe(true);
  else expect(stdout).toMatch(expected.stdout ?? "");
  if (typeof expected.stderr === "string") expect(stderr).toBe(expected.stderr);
  else expect(stderr).toMatch(expected.stderr ?? "");
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

test("-it is a terminal that follows this one's size, and every key is the command's, Ctrl-C too", async () => {
  const script =
    "tty; stty size; trap 'stty size' WINCH; trap 'echo caught; exit 5' INT; echo ready; while :; do sleep 1; done";
  const { code, screen } = await a3sBoxInTerminal(home, [...run, "-it", image, "--", "sh", "-c", script], {
    ready: { columns: 99, rows: 33 },
    "33 99": "\x03",
  });
  expect(screen).toContain("24 80");
  expect(screen).toContain("33 99");
  expect(screen).toContain("caught");
  expect(code).toBe(5);
});

test("doctor says that guests can run here", async () => {
  const { code, stdout } = await finish(start("doctor", "--json"));
  expect(JSON.parse(stdout ?? "")).toMatchObject({ ok: true });
  expect(code).toBe(0);
});
