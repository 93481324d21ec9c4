import { execFile } from "node:child_process";
import { appendFile, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type BoxId, newBoxId, tryFileLock } from "@a3s/core";
import { afterEach, beforeEach, expect, test } from "vitest";
import { appendEvent } from "./append-event.ts";
import type { BoxEvent } from "./history-entry.ts";
import { type HistoryOptions, readHistory } from "./read-history.ts";

let directory: string;
beforeEach(async () => {
  directory = join(await mkdtemp(join(tmpdir(), "a3s-history-")), "history");
});
afterEach(() => rm(join(directory, ".."), { recursive: true, force: true }));

const id = newBoxId();
const event = (name: string, second = 0): BoxEvent => ({
  time: new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString(),
  ...{ event: "box.renamed", id, name },
});
const told = (options?: HistoryOptions) => Array.fromAsync(readHistory(directory, options));
const words = (entries: Awaited<ReturnType<typeof told>>) =>
  entries.map((entry) => ("name" in entry ? entry.name : entry.event));

test("where nothing happened there is nothing to read, and reading makes nothing", async () => {
  expect(await told()).toEqual([]);
  await expect(stat(directory)).rejects.toThrow("ENOENT");
});

test("events are read in order, from a time on, and behind one that was read before", async () => {
  for (const [second, name] of ["one", "two", "three"].entries()) await appendEvent(directory, event(name, second));
  const all = await told();
  expect(words(all)).toEqual(["one", "two", "three"]);
  expect(all[0]).toEqual({ ...event("one"), cursor: expect.stringMatching(/^1:\d+$/) });
  expect(words(await told({ since: new Date(Date.UTC(2026, 0, 1, 0, 0, 1)) }))).toEqual(["two", "three"]);
  expect(words(await told({ after: all[1]?.cursor }))).toEqual(["three"]);
  expect((await stat(join(directory, "000001"))).mode & 0o777).toBe(0o600);
});

test("who follows hears of what happens from then on, file after file, until its signal", async () => {
  await appendEvent(directory, event("before"));
  const reason = new Error("enough");
  const controller = new AbortController();
  const following = readHistory(directory, { follow: true, signal: controller.signal });
  const first = following.next();
  // Whether the reader has begun shows in no other way: it tells of what comes after.
  let written = 0;
  const seen: (string | undefined)[] = [];
  const writing = (async () => {
    while (seen.length === 0) await appendEvent(directory, event(`${written++}`), { fileBytes: 200, files: 50 });
  })();
  seen.push(...words([(await first).value as Awaited<ReturnType<typeof told>>[0]]));
  await writing;
  await appendEvent(directory, event("last"), { fileBytes: 200, files: 50 });
  while (seen.at(-1) !== "last") seen.push(...words([(await following.next()).value as never]));
  expect(seen).not.toContain("before");
  const start = Number(seen[0]);
  expect(seen.slice(0, -1)).toEqual(Array.from({ length: written - start }, (_, index) => `${start + index}`));
  const next = following.next();
  controller.abort(reason);
  await expect(next).rejects.toBe(reason);
});

test("what happened later is left out, and who follows until a time ends then", async () => {
  for (const [second, name] of ["one", "two", "three"].entries()) await appendEvent(directory, event(name, second));
  const until = new Date(Date.UTC(2026, 0, 1, 0, 0, 1));
  const signal = AbortSignal.timeout(20_000);
  expect(words(await told({ until, follow: true, since: new Date(0), signal }))).toEqual(["one", "two"]);
  const soon = new Date(Date.now() + 50);
  expect(words(await told({ until: soon, follow: true, since: new Date(0), signal }))).toHaveLength(3);
});

test("who follows a home in which nothing happened yet hears of the first event", async () => {
  const following = readHistory(directory, { follow: true, since: new Date(0), signal: AbortSignal.timeout(20_000) });
  const first = following.next();
  await mkdir(directory, { recursive: true });
  await appendEvent(directory, event("first"));
  expect((await first).value).toMatchObject({ name: "first" });
  await following.return();
});

test("no more than so many files are kept, and who comes back too late is told", async () => {
  await appendEvent(directory, event("early"), { fileBytes: 200, files: 3 });
  const [early] = await told();
  for (let number = 0; number < 20; number++) {
    await appendEvent(directory, event(`${number}`), { fileBytes: 200, files: 3 });
  }
  expect((await readdir(directory)).filter((name) => name !== ".lock")).toHaveLength(3);
  const later = await told({ after: early?.cursor });
  expect(later[0]).toMatchObject({ event: "history.gap", reason: expect.stringContaining(directory) });
  expect(words(later.slice(1))).toEqual(words(await told()));
  expect(words(later).at(-1)).toBe("19");
});

test("what is no event is passed over and named, and the next event has a line of its own", async () => {
  await appendEvent(directory, event("one"));
  const path = join(directory, "000001");
  const hostile = { ...event("x"), id: "../../etc" as BoxId };
  await appendFile(path, `garbage\n${"x".repeat(200_000)}\n${JSON.stringify(hostile)}\n{"time":`);
  await appendEvent(directory, event("two"));
  const all = await told();
  expect(words(all)).toEqual(["one", ...Array(4).fill("history.damaged"), "two"]);
  expect(all[1]).toMatchObject({ reason: expect.stringContaining(path) });
  expect(words(await told({ after: all[2]?.cursor }))).toEqual(["history.damaged", "history.damaged", "two"]);
});

test("a link in the place of a file is not followed", async () => {
  await mkdir(directory);
  await writeFile(join(directory, "../secret"), "secret\n");
  await symlink("../secret", join(directory, "000001"));
  await expect(told()).rejects.toMatchObject({ code: "HISTORY_UNREADABLE" });
  await expect(appendEvent(directory, event("one"))).rejects.toThrow("ELOOP");
});

test.each(["", "1", "a:b", "1:-1", "1:1:1"])("CURSOR_INVALID: %j", async (after) => {
  await expect(told({ after })).rejects.toMatchObject({ code: "CURSOR_INVALID" });
});

test("a text that is too long is cut, so that the event is kept", async () => {
  await appendEvent(directory, {
    ...event("one"),
    event: "box.error",
    error: { code: null, message: "\u0000".repeat(9999) },
  });
  expect(await told()).toMatchObject([{ event: "box.error", error: { message: "\u0000".repeat(2048) } }]);
});

test("an event that cannot have the lock is given up, and nothing of it is written", async () => {
  await appendEvent(directory, event("one"));
  await using _held = await tryFileLock(join(directory, ".lock"));
  const [controller, reason] = [new AbortController(), new Error("enough")];
  const appending = appendEvent(directory, event("two"), undefined, controller.signal);
  controller.abort(reason);
  await expect(appending).rejects.toBe(reason);
  expect(words(await told())).toEqual(["one"]);
});

test("several processes at once mix no line and lose none, also where files change", async () => {
  await appendEvent(directory, event("first"));
  const processes = ["a", "b", "c"].map((name) => {
    const bounds = JSON.stringify({ fileBytes: 2000, files: 50 });
    const source = `
      import { appendEvent } from ${JSON.stringify(new URL("append-event.ts", import.meta.url).href)};
      const event = ${JSON.stringify(event(name))};
      for (let number = 0; number < 25; number++) {
        await appendEvent(${JSON.stringify(directory)}, { ...event, name: event.name + number }, ${bounds});
      }`;
    return promisify(execFile)(process.execPath, ["--input-type=module", "-e", source]);
  });
  await Promise.all(processes);
  const names = words(await told());
  const expected = ["a", "b", "c"].flatMap((name) => Array.from({ length: 25 }, (_, number) => `${name}${number}`));
  expect(names.toSorted()).toEqual(["first", ...expected].toSorted());
});
