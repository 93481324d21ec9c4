import { appendFileSync, chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { Change_Kind as Kind } from "../src/gen/a3s/agent/v1/files_pb.ts";
import type { GuestChange } from "../src/index.ts";
import { doubleAgent } from "./fake-agent.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

let agent: RealAgent;
let scratch: Awaited<ReturnType<typeof scratchDirectory>>;
beforeAll(async () => {
  agent = await startRealAgent();
});
beforeEach(async () => {
  await scratch?.[Symbol.asyncDispose]();
  scratch = await scratchDirectory();
});
afterAll(async () => {
  await agent[Symbol.asyncDispose]();
  await scratch[Symbol.asyncDispose]();
});
const at = (...names: string[]) => join(scratch.path, ...names);

/** Changes up to the one of that name. */
async function until(watch: AsyncIterable<GuestChange>, last: string): Promise<string[]> {
  const seen: string[] = [];
  for await (const { type, name } of watch) {
    seen.push(`${type} ${name}`);
    if (name === last) return seen;
  }
  throw new Error(`It ended before ${last}: ${seen}`);
}

test("every change in a directory is told, in order", async () => {
  await using watch = await agent.client.files.watch(scratch.path);
  writeFileSync(at("a"), "");
  appendFileSync(at("a"), "x");
  chmodSync(at("a"), 0o600);
  mkdirSync(at("d"));
  writeFileSync(at("d", "deeper"), "is not told");
  renameSync(at("a"), at("b"));
  rmSync(at("b"));
  writeFileSync(at("last"), "");
  expect(await until(watch, "last")).toEqual([
    "created a",
    "modified a",
    "attributes a",
    "created d",
    "moved-from a",
    "moved-to b",
    "removed b",
    "created last",
  ]);
});

test("both names of a move have the same cookie, and names are kept as bytes", async () => {
  writeFileSync(at("a"), "");
  await using watch = await agent.client.files.watch(scratch.path);
  renameSync(at("a"), Buffer.concat([Buffer.from(at("odd-")), Buffer.from([0xff])]));
  const changes = watch[Symbol.asyncIterator]();
  const [from, to] = [(await changes.next()).value, (await changes.next()).value];
  expect(from?.cookie).toBeGreaterThan(0);
  expect(to).toMatchObject({ type: "moved-to", name: "odd-\ufffd", cookie: from?.cookie });
  expect(Buffer.from(to?.nameBytes ?? []).at(-1)).toBe(0xff);
});

test("a watch ends by its signal, by being disposed and by being left", async () => {
  const controller = new AbortController();
  const signalled = await agent.client.files.watch(scratch.path, { signal: controller.signal });
  const pending = signalled[Symbol.asyncIterator]().next();
  controller.abort("why");
  await expect(pending).rejects.toBe("why");
  const disposed = await agent.client.files.watch(scratch.path);
  const waiting = disposed[Symbol.asyncIterator]().next();
  await disposed[Symbol.asyncDispose]();
  expect(await waiting).toMatchObject({ done: true });
  const left = await agent.client.files.watch(scratch.path);
  writeFileSync(at("a"), "");
  for await (const _ of left) break;
  expect(await left[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
});

test("what cannot be watched is refused", async () => {
  await expect(agent.client.files.watch(at("none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
  await expect(agent.client.files.watch("/proc/self/exe")).rejects.toMatchObject({ code: "FILE_INVALID" });
});

test("an agent that shuts down ends its watches", async () => {
  await using other = await startRealAgent();
  const watch = await other.client.files.watch(scratch.path);
  const ended = (async () => {
    for await (const _ of watch);
  })();
  await other.client.shutdown();
  await ended.catch((error: { code: string }) => expect(error.code).toBe("AGENT_UNAVAILABLE"));
});

test("a hostile agent cannot pass a name off that leads elsewhere, nor skip the beginning", async () => {
  const change = (name: string) =>
    ({ message: { case: "change", value: { kind: Kind.CREATED, name: Buffer.from(name) } } }) as const;
  await using early = await doubleAgent({
    methods: {
      files: {
        async *watch() {
          yield change("a");
        },
      },
    },
  });
  await expect(early.client.files.watch("/x")).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
  await using named = await doubleAgent({
    methods: {
      files: {
        async *watch() {
          yield { message: { case: "watching", value: {} } } as const;
          yield change("../../etc/passwd");
        },
      },
    },
  });
  const watch = await named.client.files.watch("/x");
  await expect(watch[Symbol.asyncIterator]().next()).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
  await using silent = await doubleAgent({
    methods: {
      files: {
        async *watch() {
          yield await new Promise<never>(() => {});
        },
      },
    },
  });
  await expect(silent.client.files.watch("/x", { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
});
