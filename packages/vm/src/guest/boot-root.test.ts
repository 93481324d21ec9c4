import { chmod, mkdtemp, readdir, readFile, rm, stat, truncate, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type HomeLayout, homeLayout } from "@a3s/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { publishBootRoot } from "./boot-root.ts";

let directory: string;
let home: HomeLayout;
let agentPath: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  home = homeLayout(join(directory, "home"));
  agentPath = join(directory, "agent");
  await writeFile(agentPath, "the agent");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

const roots = async () => (await readdir(home.guest)).filter((name) => !name.startsWith("."));

test("a boot root holds the agent, the mount points, and nothing else", async () => {
  const { path, agent } = await publishBootRoot(home, { agentPath });
  expect(path).toMatch(/\/home\/guest\/[0-9a-f]{16}$/);
  expect(agent).toBe("/a3s-agent");
  expect((await readdir(path)).sort()).toEqual(["a3s-agent", "dev", "mnt", "proc", "run", "sys", "tmp"]);
  expect(await readFile(join(path, "a3s-agent"), "utf8")).toBe("the agent");
  for (const name of await readdir(path)) expect((await stat(join(path, name))).mode & 0o777).toBe(0o755);
});

test("a umask does not change the guest's modes", async () => {
  const before = process.umask(0o077);
  try {
    const { path } = await publishBootRoot(home, { agentPath });
    for (const name of [".", "a3s-agent", "mnt"]) expect((await stat(join(path, name))).mode & 0o777).toBe(0o755);
  } finally {
    process.umask(before);
  }
});

test("a second call finds it without reading the agent", async () => {
  const first = await publishBootRoot(home, { agentPath });
  const before = await stat(join(first.path, "a3s-agent"));
  expect(await publishBootRoot(home, { agentPath })).toEqual(first);
  expect((await stat(join(first.path, "a3s-agent"))).ino).toBe(before.ino);
  // The memo is what was believed: with a wrong one, a wrong directory is named, and not used.
  const [memo = ""] = (await readdir(home.guest)).filter((name) => name.startsWith(".hash-"));
  await writeFile(join(home.guest, memo), "0123456789abcdef");
  expect(await publishBootRoot(home, { agentPath })).toEqual(first);
});

test("another build of the agent gets its own, and the same build under another time the same", async () => {
  const first = await publishBootRoot(home, { agentPath });
  await utimes(agentPath, 1, 1);
  expect(await publishBootRoot(home, { agentPath })).toEqual(first);
  await writeFile(agentPath, "the next agent");
  expect(await publishBootRoot(home, { agentPath })).not.toEqual(first);
  expect(await roots()).toHaveLength(2);
});

test("many at once leave one, and no temporary directory", async () => {
  const published = await Promise.all(Array.from({ length: 16 }, () => publishBootRoot(home, { agentPath })));
  expect(new Set(published.map(({ path }) => path)).size).toBe(1);
  expect(await roots()).toHaveLength(1);
  expect((await readdir(home.guest)).filter((name) => name.endsWith(".tmp"))).toEqual([]);
});

test("a boot root that was damaged is an error that names it", async () => {
  const { path } = await publishBootRoot(home, { agentPath });
  await truncate(join(path, "a3s-agent"), 3);
  await expect(publishBootRoot(home, { agentPath })).rejects.toThrow(
    expect.objectContaining({ code: "BOOT_ROOT_CORRUPT", details: { path } }),
  );
});

test("an agent that is not installed is an error", async () => {
  const { A3S_GUEST_AGENT: before } = process.env;
  process.env["A3S_GUEST_AGENT"] = join(directory, "none");
  try {
    await expect(publishBootRoot(home)).rejects.toThrow(expect.objectContaining({ code: "GUEST_AGENT_MISSING" }));
    process.env["A3S_GUEST_AGENT"] = agentPath;
    await expect(publishBootRoot(home)).rejects.toThrow(/cannot be executed/);
    await chmod(agentPath, 0o755);
    await publishBootRoot(home);
  } finally {
    if (before === undefined) delete process.env["A3S_GUEST_AGENT"];
    else process.env["A3S_GUEST_AGENT"] = before;
  }
});

test("an aborted call publishes nothing", async () => {
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(publishBootRoot(home, { agentPath, signal })).rejects.toThrow("enough");
  expect(await readdir(directory)).toEqual(["agent"]);
});
