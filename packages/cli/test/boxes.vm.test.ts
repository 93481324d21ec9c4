import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { type Census, takeCensus } from "@a3s/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { a3sBoxInTerminal, commandWith, type Ended, program } from "./command.ts";
import { jsonOf } from "./json-output.ts";

const image = process.env["A3S_EXAMPLE_IMAGE"] ?? "";
/** An emulated host boots guests 20 to 50 times slower than hardware. */
const patient = ["--boot-timeout", "120", "--cpus", "1", "-m", "256"];
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

test("a box that runs by itself, from its start to its end, as docker's would", { timeout: 300_000 }, async () => {
  const main = "echo out; echo err >&2; trap 'echo hup' HUP; trap 'exit 9' USR2; while :; do sleep 0.1; done";
  const names = ["--add-host", "db:10.0.0.2", "--dns", "9.9.9.9", "--dns-search", "corp.example"];
  const flags = ["-d", "--name", "web", "-e", "GREETING=hello", ...names, ...patient];
  const started = await a3sBox("run", ...flags, image, "--", "sh", "-c", main);
  expect(started).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[a-z0-9]{12}\n$/), stderr: "" });

  // Each is a process of its own, which takes its time where the machine is emulated: those that can run together do.
  const script =
    "cat; pwd; id -u; echo $GREETING $A; grep db /etc/hosts; cat /etc/resolv.conf; echo problem >&2; exit 7";
  const flagsOfExec = ["-i", "-w", "/tmp", "-u", "1000", "-e", "A=1"];
  await writeFile(join(home, "notes"), "remember\n");
  const [talked, missing, denied, copied, removed, stats] = await Promise.all([
    given("typed\n", "exec", ...flagsOfExec, "web", "--", "sh", "-c", script),
    a3sBox("exec", "-d", "web", "no-such-command"),
    a3sBox("exec", "web", "/etc/passwd"),
    a3sBox("cp", join(home, "notes"), "web:/tmp/"),
    a3sBox("rm", "web"),
    a3sBox("stats", "--no-stream", "--json"),
  ]);
  await rm(join(home, "notes"));
  expect(talked).toEqual({
    code: 7,
    stdout: expect.stringMatching(
      /^typed\n\/tmp\n1000\nhello 1\n10\.0\.0\.2\s+db\n(?=.*^nameserver 9\.9\.9\.9$)(?=.*^search corp\.example$)/ms,
    ),
    stderr: "problem\n",
  });
  expect(missing).toMatchObject({ code: 127, stderr: expect.stringContaining("[COMMAND_NOT_FOUND]") });
  expect(denied).toMatchObject({
    code: 126,
    stderr: expect.stringMatching(/\/etc\/passwd.*\[COMMAND_NOT_EXECUTABLE\]/),
  });
  expect(copied).toEqual({ code: 0, stdout: "", stderr: "1 entries copied to web:/tmp/\n" });
  expect(removed).toMatchObject({ code: 1, stderr: expect.stringContaining("[BOX_RUNNING]") });
  expect(jsonOf("stats", stats)).toMatchObject([{ name: "web", cpu: { count: 1 }, taskCount: expect.any(Number) }]);
  expect(await a3sBox("kill", "-s", "HUP", "web")).toEqual({ code: 0, stdout: "web\n", stderr: "" });
  expect((await a3sBox("cp", "web:/tmp/notes", "-")).stdout).toMatch(/notes\0.*remember/s);

  // Who follows hears of the end.
  const [logs, stopped] = await Promise.all([a3sBox("logs", "-f", "web"), a3sBox("stop", "-s", "USR2", "web")]);
  expect(stopped).toMatchObject({ code: 0, stdout: "web\n" });
  expect(logs).toEqual({ code: 0, stdout: "out\nhup\n", stderr: "err\n" });
  const [waited, listed, timed, told] = await Promise.all([
    a3sBox("wait", "web"),
    a3sBox("ps", "--filter", "exited=9"),
    a3sBox("logs", "-t", "web"),
    a3sBox("events", "--until", "0s", "--filter", "box=web"),
  ]);
  expect(waited.stdout).toBe("9\n");
  expect(listed.stdout).toMatch(/ {2}Exited \(9\) .* ago .*web\n$/);
  expect(told.stdout).toMatch(/ box\.created .*\n.* box\.started .*\n.* box\.stopped .*name=web.*exitCode=9.*\n$/);
  expect(timed.stdout).toMatch(/^\d{4}-\S+Z out\n\d{4}-\S+Z hup\n$/);
});

test("the detach keys leave a shell, attach joins it again, and start does after its end", {
  timeout: 300_000,
}, async () => {
  const shell = ["run", "-it", "--name", "shell", ...patient, image, "--", "sh"];
  const left = await a3sBoxInTerminal(home, shell, { "# ": "stty size; echo is'' up\n", "is up\r": "\x10\x11" });
  expect(left.code).toBe(0);
  expect(left.screen).toContain("24 80");
  const joined = a3sBoxInTerminal(home, ["attach", "shell"], { ">": "echo is'' back\n", "is back\r": "exit 4\n" });
  expect((await joined).code).toBe(4);
  const started = a3sBoxInTerminal(home, ["start", "-ai", "shell"], { "# ": "exit 5\n" });
  expect((await started).code).toBe(5);
  expect(jsonOf("inspect", await a3sBox("inspect", "shell"))).toMatchObject([
    { state: "stopped", exit: { exitCode: 5 } },
  ]);
});
