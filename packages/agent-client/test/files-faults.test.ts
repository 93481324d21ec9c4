import { execFileSync } from "node:child_process";
import { mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { AgentFiles } from "../src/index.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

let agent: RealAgent;
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
beforeAll(async () => {
  agent = await startRealAgent();
  scratch = await scratchDirectory();
  writeFileSync(at("file"), "content");
  mkdirSync(at("full"));
  writeFileSync(at("full", "file"), "");
  symlinkSync("loop", at("loop"));
  execFileSync("mkfifo", [at("fifo")]);
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});
const at = (...names: string[]) => join(scratch.path, ...names);

/** Every call that takes one path. */
const CALLS: Readonly<Record<string, (files: AgentFiles, path: string) => Promise<unknown>>> = {
  stat: (files, path) => files.stat(path),
  lstat: (files, path) => files.lstat(path),
  readFile: (files, path) => files.readFile(path),
  writeFile: (files, path) => files.writeFile(path, "x"),
  appendFile: (files, path) => files.appendFile(path, "x"),
  readdir: (files, path) => files.readdir(path),
  mkdir: (files, path) => files.mkdir(path),
  rm: (files, path) => files.rm(path),
  rename: (files, path) => files.rename(path, "/nowhere/at/all"),
  readlink: (files, path) => files.readlink(path),
  symlink: (files, path) => files.symlink("target", path),
  link: (files, path) => files.link("/etc/passwd", path),
  chmod: (files, path) => files.chmod(path, 0o644),
  utimes: (files, path) => files.utimes(path, 0, 0),
};

test.each(Object.keys(CALLS))("%s refuses a path that cannot be one", async (name) => {
  for (const path of ["", "relative", "./x", "/a\0b", `/${"x".repeat(4096)}`, "/\ud800"]) {
    const call = async () => CALLS[name]?.(agent.client.files, path);
    await expect(call(), path.slice(0, 20)).rejects.toMatchObject({ code: "FILE_INVALID" });
  }
});

test.each(Object.keys(CALLS))("%s of what is not there says so", async (name) => {
  await expect(CALLS[name]?.(agent.client.files, "/no/such/file")).rejects.toMatchObject({
    code: "FILE_NOT_FOUND",
    details: { errno: "ENOENT" },
    message: expect.stringContaining("/no/such/file"),
    hint: expect.stringMatching(/./),
  });
});

test.each<[string, string, (files: AgentFiles) => Promise<unknown>]>([
  ["FILE_IS_DIRECTORY", "EISDIR", (files) => files.writeFile(at("full"), "x")],
  ["FILE_IS_DIRECTORY", "EISDIR", (files) => files.appendFile(at("full"), "x")],
  ["FILE_INVALID", "ELOOP", (files) => files.writeFile(at("loop"), "x")],
  ["FILE_UNSUPPORTED", "EOPNOTSUPP", (files) => files.readFile(at("fifo"))],
  ["FILE_UNSUPPORTED", "EOPNOTSUPP", (files) => files.writeFile(at("fifo"), "x")],
  ["FILE_UNSUPPORTED", "EOPNOTSUPP", (files) => files.writeFile(at("fifo"), "x", { inPlace: true })],
])("%s is %s", async (code, errno, call) => {
  mkdirSync(at("empty"), { recursive: true });
  await expect(call(agent.client.files)).rejects.toMatchObject({ code, details: { errno } });
  expect(readdirSync(at("full"))).toEqual(["file"]);
});

test.each<[string, (files: AgentFiles) => Promise<unknown>]>([
  ["a mode", (files) => files.chmod(at("file"), 0o10000)],
  ["a mode of a new file", (files) => files.writeFile(at("file"), "x", { mode: -1 })],
  ["a mode of a directory", (files) => files.mkdir(at("d"), { mode: 1.5 })],
  ["a user ID", (files) => files.chown(at("file"), -1, 0)],
  ["a group ID", (files) => files.lchown(at("file"), 0, 0xffff_ffff)],
  ["a time", (files) => files.utimes(at("file"), new Date(Number.NaN), 0)],
  ["a position", (files) => files.createReadStream(at("file"), { start: -1 }).getReader().read()],
  [
    "content",
    (files) =>
      files.writeFile(
        at("file"),
        (async function* () {
          yield 7 as never;
        })(),
      ),
  ],
  ["a user", (files) => files.stat(at("file"), { user: "nobody-of-that-name" })],
])("%s that cannot be is refused", async (_name, call) => {
  await expect((async () => call(agent.client.files))()).rejects.toMatchObject({ code: "FILE_INVALID" });
});

test("links of /proc do not lead into the agent's own files", async () => {
  const { files } = agent.client;
  symlinkSync("/proc/self/fd/0", at("stdin"));
  symlinkSync("/proc/self/root/etc/passwd", at("around"));
  for (const path of [at("stdin"), at("around"), "/proc/self/exe", "/proc/self/cwd/file"]) {
    await expect(files.readFile(path), path).rejects.toMatchObject({
      code: "FILE_INVALID",
      details: { errno: "ELOOP" },
    });
  }
});

test("an early refusal of a large file reaches the caller", async () => {
  const content = new Uint8Array(32 * 1024 * 1024);
  await expect(agent.client.files.writeFile(at("full"), content)).rejects.toMatchObject({ code: "FILE_IS_DIRECTORY" });
  expect(await agent.client.health()).toBe("serving");
});

test("a call ends with its signal and its deadline", async () => {
  const { files } = agent.client;
  await expect(files.stat(at("file"), { signal: AbortSignal.abort("why") })).rejects.toBe("why");
  await expect(files.readFile(at("file"), { signal: AbortSignal.abort("why") })).rejects.toBe("why");
  async function* stalled() {
    yield "x";
    await new Promise(() => {});
  }
  await expect(files.writeFile(at("slow"), stalled(), { timeoutMs: 50 })).rejects.toMatchObject({
    code: "DEADLINE_EXCEEDED",
  });
});
