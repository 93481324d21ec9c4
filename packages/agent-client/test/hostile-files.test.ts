import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ServiceImpl } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { type FileInfoSchema, type FileService, FileType } from "../src/gen/a3s/agent/v1/files_pb.ts";
import { doubleAgent } from "./fake-agent.ts";
import { retainedBytes } from "./retained-bytes.ts";

const MIB = 1024 * 1024;
const hostile = (files: Partial<ServiceImpl<typeof FileService>>) => doubleAgent({ methods: { files } });
const never = () => new Promise<never>(() => {});

const time = { seconds: 0n, nanos: 0 };
const info: MessageInitShape<typeof FileInfoSchema> = {
  type: FileType.REGULAR,
  mode: 0o644,
  accessed: time,
  modified: time,
  changed: time,
};

test("a file that never ends is bounded by maxBytes", async () => {
  await using agent = await hostile({
    async *read() {
      for (;;) yield { data: new Uint8Array(64 * 1024) };
    },
  });
  const before = retainedBytes();
  await expect(agent.client.files.readFile("/x", { maxBytes: MIB })).rejects.toMatchObject({ code: "FILE_TOO_LARGE" });
  expect(retainedBytes() - before).toBeLessThan(8 * MIB);
});

test("nobody gets more of a file than was asked for", async () => {
  await using agent = await hostile({
    async *read() {
      for (;;) yield { data: new Uint8Array(1000) };
    },
  });
  let bytes = 0;
  for await (const chunk of agent.client.files.createReadStream("/x", { start: 5, end: 1504 })) bytes += chunk.length;
  expect(bytes).toBe(1500);
});

test("empty messages without end meet the deadline", async () => {
  await using agent = await hostile({
    async *read() {
      for (;;) {
        yield {};
        await new Promise(setImmediate);
      }
    },
    async *list() {
      for (;;) {
        yield {};
        await new Promise(setImmediate);
      }
    },
  });
  const { files } = agent.client;
  await expect(files.readFile("/x", { timeoutMs: 100 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  await expect(files.readdir("/x", { timeoutMs: 100 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
});

test("a directory that never ends is bounded by maxEntries, also where each holds another", async () => {
  const entries = Array.from({ length: 500 }, () => ({ name: Buffer.from("again"), type: FileType.DIRECTORY }));
  await using endless = await hostile({
    async *list() {
      for (;;) yield { entries };
    },
  });
  await expect(endless.client.files.readdir("/x", { maxEntries: 10_000 })).rejects.toMatchObject({
    code: "FILE_TOO_LARGE",
  });
  await using nested = await hostile({
    async *list() {
      yield { entries: entries.slice(0, 1) };
    },
  });
  const listed = nested.client.files.readdir("/x", { recursive: true, maxEntries: 10_000 });
  await expect(listed).rejects.toMatchObject({ code: expect.stringMatching(/^FILE_(TOO_LARGE|INVALID)$/) });
});

test.each(["", ".", "..", "a/b", "../../etc/passwd", "a\0b", "n".repeat(256)])(
  "the name %j of a file is a violation of the protocol",
  async (name) => {
    await using agent = await hostile({
      async *list() {
        yield { entries: [{ name: Buffer.from(name), type: FileType.REGULAR }] };
      },
    });
    await expect(agent.client.files.readdir("/x")).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
  },
);

test.each<[string, MessageInitShape<typeof FileInfoSchema> | undefined]>([
  ["none at all", undefined],
  ["no type", { ...info, type: FileType.UNSPECIFIED }],
  ["a type of a later protocol", { ...info, type: 99 as FileType }],
  ["a mode that is none", { ...info, mode: 0o100644 }],
  ["a time that is none", { ...info, modified: { seconds: 0n, nanos: -1 } }],
  ["no time", { ...info, changed: undefined }],
])("attributes with %s are a violation of the protocol", async (_name, given) => {
  await using agent = await hostile({ stat: () => (given === undefined ? {} : { info: given }) as never });
  await expect(agent.client.files.stat("/x")).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
});

test("times beyond any date and sizes beyond any number stay numbers", async () => {
  const far = { seconds: 2n ** 62n, nanos: 0 };
  await using agent = await hostile({
    stat: () => ({ info: { ...info, size: 2n ** 64n - 1n, modified: far } }) as never,
  });
  const stats = await agent.client.files.stat("/x");
  expect(stats.size).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  expect(Number.isNaN(stats.mtime.getTime())).toBe(false);
});

test("an agent that never answers keeps nobody", async () => {
  await using agent = await hostile({ stat: never, write: never });
  const { files } = agent.client;
  await expect(files.stat("/x", { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const controller = new AbortController();
  const written = files.writeFile("/x", new Uint8Array(8 * MIB), { signal: controller.signal });
  controller.abort("stop");
  await expect(written).rejects.toBe("stop");
});

test("an agent that takes no content holds the source back", async () => {
  await using agent = await hostile({ write: never });
  let given = 0;
  const controller = new AbortController();
  async function* source() {
    for (;;) {
      given += 64 * 1024;
      yield new Uint8Array(64 * 1024);
    }
  }
  const written = agent.client.files.writeFile("/x", source(), { signal: controller.signal });
  // By the time of these answers, content would have run away.
  for (let round = 0; round < 20; round++) await agent.client.files.exists("/x").catch(() => {});
  controller.abort("stop");
  await expect(written).rejects.toBe("stop");
  expect(given).toBeLessThan(16 * MIB);
});

test("an agent that says that it is done before it has got all is believed, and the source released", async () => {
  const { promise: released, resolve } = Promise.withResolvers<void>();
  await using agent = await hostile({ write: async () => ({ bytes: 3n }) as never });
  async function* source() {
    try {
      for (;;) yield new Uint8Array(64 * 1024);
    } finally {
      resolve();
    }
  }
  await agent.client.files.writeFile("/x", source()).catch(() => {});
  await released;
});
