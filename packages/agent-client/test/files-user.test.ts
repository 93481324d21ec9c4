import { chmodSync, chownSync, mkdirSync, readdirSync, statSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

/** Only root can act as somebody else; the agent of a box is root. */
const isRoot = process.geteuid?.() === 0;
const STRANGER = 54_321;
const stranger = { user: `${STRANGER}:${STRANGER}` };
const denied = { code: "FILE_ACCESS_DENIED" };

let agent: RealAgent;
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
beforeAll(async () => {
  agent = await startRealAgent();
  scratch = await scratchDirectory();
  chmodSync(scratch.path, 0o755);
  mkdirSync(at("private"), { mode: 0o700 });
  writeFileSync(at("private", "file"), "");
  mkdirSync(at("open"));
  chmodSync(at("open"), 0o777);
  writeFileSync(at("readable"), "content", { mode: 0o644 });
  if (isRoot) {
    mkdirSync(at("theirs"), { mode: 0o755 });
    chownSync(at("theirs"), STRANGER, STRANGER);
  }
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});
const at = (...names: string[]) => join(scratch.path, ...names);

/** An agent that is not root acts as nobody else, which is then what the test shows. */
const asRoot = (body: () => Promise<void>) => async () => {
  if (isRoot) await body();
  else await expect(agent.client.files.stat(at("readable"), stranger)).rejects.toMatchObject(denied);
};

test(
  "a call made for a user may do what that user may do, and no more",
  asRoot(async () => {
    const { files } = agent.client;
    expect(await files.readFile(at("readable"), { ...stranger, encoding: "utf8" })).toBe("content");
    for (const refused of [
      () => files.readFile(at("private", "file"), stranger),
      () => files.readdir(at("private"), stranger),
      () => files.writeFile(at("readable"), "x", stranger),
      () => files.writeFile(at("readable"), "x", { ...stranger, inPlace: true }),
      () => files.appendFile(at("readable"), "x", stranger),
      () => files.writeFile(at("new"), "x", stranger),
      () => files.mkdir(at("new"), stranger),
      () => files.rm(at("readable"), stranger),
      () => files.rm(at("private"), { ...stranger, recursive: true }),
      () => files.rename(at("readable"), at("open", "moved"), stranger),
      () => files.symlink("x", at("new"), stranger),
      () => files.chmod(at("readable"), 0o777, stranger),
      () => files.chown(at("readable"), STRANGER, STRANGER, stranger),
      () => files.utimes(at("readable"), 0, 0, stranger),
    ]) {
      await expect(refused()).rejects.toMatchObject(denied);
    }
    expect(await files.readFile(at("readable"), { encoding: "utf8" })).toBe("content");
  }),
);

test(
  "what a user makes belongs to that user",
  asRoot(async () => {
    const { files } = agent.client;
    await files.writeFile(at("open", "file"), "x", stranger);
    await files.mkdir(at("open", "a", "b"), { ...stranger, recursive: true });
    await files.symlink("file", at("open", "link"), stranger);
    for (const name of ["file", "a", "a/b"]) expect(statSync(at("open", name)).uid, name).toBe(STRANGER);
    expect((await files.lstat(at("open", "link"))).uid).toBe(STRANGER);
  }),
);

test(
  "a file of another that may be written to keeps its owner",
  asRoot(async () => {
    const { files } = agent.client;
    writeFileSync(at("open", "shared"), "old");
    chmodSync(at("open", "shared"), 0o666);
    await files.writeFile(at("open", "shared"), "new", stranger);
    expect(statSync(at("open", "shared"))).toMatchObject({ uid: 0, size: 3 });
    writeFileSync(at("theirs", "file"), "old");
    chownSync(at("theirs", "file"), STRANGER, STRANGER);
    await files.writeFile(at("theirs", "file"), "new");
    expect(statSync(at("theirs", "file")).uid).toBe(STRANGER);
    expect(readdirSync(at("theirs"))).toEqual(["file"]);
  }),
);

test(
  "calls of different users at the same time do not mix",
  asRoot(async () => {
    const { files } = agent.client;
    const calls = Array.from({ length: 200 }, async (_, number) => {
      const user = number % 2 === 0 ? stranger : {};
      await files.mkdir(at("open", `m${number}`), user);
      return (await files.stat(at("open", `m${number}`))).uid;
    });
    expect(await Promise.all(calls)).toEqual(calls.map((_, number) => (number % 2 === 0 ? STRANGER : 0)));
  }),
);

test(
  "a command is started as a user while threads move files for others",
  asRoot(async () => {
    writeFileSync(at("large"), "");
    truncateSync(at("large"), 2 ** 32);
    const readers = Array.from({ length: 12 }, (_, number) =>
      agent.client.files.downloadTar(at("large"), number % 2 === 0 ? stranger : {}).getReader(),
    );
    await Promise.all(readers.map((reader) => reader.read()));
    const ids = Array.from({ length: 20 }, async (_, number) => {
      const result = await agent.client.exec(["id", "-u"], number % 2 === 0 ? stranger : {});
      return Number(result.text());
    });
    expect(await Promise.all(ids)).toEqual(ids.map((_, number) => (number % 2 === 0 ? STRANGER : 0)));
    await Promise.all(readers.map((reader) => reader.cancel()));
  }),
);
