import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code } from "@connectrpc/connect";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { type ExecResponse, ExecResponseSchema } from "../gen/a3s/agent/v1/agent_pb.ts";
import { ReadResponseSchema, WatchResponseSchema } from "../gen/a3s/agent/v1/files_pb.ts";
import { frameMessage } from "./message-frame.ts";
import { MessageReader } from "./message-reader.ts";

const LIMIT = 1024;

/** A message in gRPC's frame, as any other implementation would write it. */
function plainFrame(bytes: Uint8Array, flags = 0): Buffer {
  const prefix = Buffer.alloc(5);
  prefix[0] = flags;
  prefix.writeUInt32BE(bytes.length, 1);
  return Buffer.concat([prefix, bytes]);
}

function* cut(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  let at = 0;
  for (const size of sizes) {
    yield bytes.subarray(at, at + size);
    at += size;
  }
  yield bytes.subarray(at);
}

function readAll(bytes: Uint8Array, sizes: readonly number[]): { messages: ExecResponse[]; isMidway: boolean } {
  const reader = new MessageReader(ExecResponseSchema, LIMIT);
  const messages: ExecResponse[] = [];
  for (const chunk of cut(bytes, sizes)) messages.push(...reader.read(chunk));
  return { messages, isMidway: reader.isMidway };
}

/** The messages with what belongs together put together, whatever pieces it came in. */
function joined(messages: readonly ExecResponse[]): unknown[] {
  const all: { case: string | undefined; value: unknown }[] = [];
  for (const { message } of messages) {
    const last = all.at(-1);
    const isContent = message.case === "stdout" || message.case === "stderr";
    if (isContent && last?.case === message.case)
      last.value = `${last.value}${Buffer.from(message.value).toString("hex")}`;
    else
      all.push({ case: message.case, value: isContent ? Buffer.from(message.value).toString("hex") : message.value });
  }
  return all;
}

const bytes = fc.uint8Array({ maxLength: 300 });
const message: fc.Arbitrary<MessageInitShape<typeof ExecResponseSchema>["message"]> = fc.oneof(
  fc.record({ case: fc.constantFrom("stdout" as const, "stderr" as const), value: bytes }),
  fc.record({
    case: fc.constant("started" as const),
    value: fc.record({ pid: fc.nat(), id: fc.nat().map(BigInt) }),
  }),
  fc.record({ case: fc.constant("exited" as const), value: fc.record({ code: fc.nat(255) }) }),
  fc.record({
    case: fc.constant("failed" as const),
    value: fc.record({ message: fc.string({ maxLength: 100 }) }),
  }),
  fc.constant({ case: undefined }),
);

describe("messages", () => {
  test("are the same however their bytes are cut", () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 8 }), fc.array(fc.nat(40), { maxLength: 60 }), (given, sizes) => {
        const sent = given.map((each) => create(ExecResponseSchema, { message: each } as never));
        const frames = sent.map((each) => plainFrame(toBinary(ExecResponseSchema, each)));
        const { messages, isMidway } = readAll(Buffer.concat(frames), sizes);
        expect(isMidway).toBe(false);
        expect(joined(messages)).toEqual(joined(sent));
      }),
      { numRuns: 300 },
    );
  });

  test("are written as Protobuf writes them", () => {
    fc.assert(
      fc.property(message, (each) => {
        const init = { message: each } as MessageInitShape<typeof ExecResponseSchema>;
        const expected = plainFrame(toBinary(ExecResponseSchema, create(ExecResponseSchema, init)));
        expect(Buffer.concat(frameMessage(ExecResponseSchema, init))).toEqual(expected);
      }),
    );
  });

  test.each([0, 127, 128, 16_383, 16_384, 2_097_151, 2_097_152])(
    "content of %i bytes is written without a copy",
    (size) => {
      const data = new Uint8Array(size).fill(7);
      const frame = frameMessage(ReadResponseSchema, { data });
      expect(frame[1]).toBe(data);
      const whole = Buffer.concat(frame);
      expect(whole.readUInt32BE(1)).toBe(whole.length - 5);
      const read = [...new MessageReader(ReadResponseSchema, 4 * 1024 * 1024).read(whole)];
      expect(read.map((each) => each.data.length)).toEqual([size]);
    },
  );

  test("content is handed on as it comes, and the rest of a message is waited for", () => {
    const reader = new MessageReader(ReadResponseSchema, LIMIT);
    const frame = Buffer.concat(frameMessage(ReadResponseSchema, { data: Buffer.from("abcdefghij") }));
    const first = [...reader.read(frame.subarray(0, 10))];
    expect(first.map(({ data }) => Buffer.from(data).toString())).toEqual(["abc"]);
    expect(reader.isMidway).toBe(true);
    expect([...reader.read(frame.subarray(10))].map(({ data }) => Buffer.from(data).toString())).toEqual(["defghij"]);
    expect(reader.isMidway).toBe(false);
  });

  test("with more than content are read as a whole, fields of later versions included", () => {
    const stdout = toBinary(
      ExecResponseSchema,
      create(ExecResponseSchema, { message: { case: "stdout", value: Buffer.from("x") } }),
    );
    const later = Buffer.from([0x78, 1]);
    const { messages } = readAll(plainFrame(Buffer.concat([stdout, later])), [3, 6]);
    expect(messages.map(({ message }) => message.case)).toEqual(["stdout"]);
  });

  test("without content fields are never cut", () => {
    const reader = new MessageReader(WatchResponseSchema, LIMIT);
    const change = { message: { case: "change", value: { name: Buffer.alloc(200, "n") } } } as const;
    const frame = Buffer.concat(frameMessage(WatchResponseSchema, change));
    expect([...reader.read(frame.subarray(0, 100))]).toEqual([]);
    expect([...reader.read(frame.subarray(100))]).toHaveLength(1);
  });
});

describe("what is not gRPC's", () => {
  const read = (bytes: Uint8Array) => () => readAll(bytes, []);

  test("is refused", () => {
    const content = create(ExecResponseSchema, { message: { case: "stdout", value: Buffer.alloc(LIMIT) } });
    expect(read(plainFrame(toBinary(ExecResponseSchema, content)))).toThrow(
      expect.objectContaining({ code: Code.ResourceExhausted }),
    );
    expect(read(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))).toThrow(
      expect.objectContaining({ code: Code.ResourceExhausted }),
    );
    expect(read(plainFrame(Buffer.from([1]), 1))).toThrow(expect.objectContaining({ code: Code.Internal }));
    expect(read(plainFrame(Buffer.from([1]), 2))).toThrow(expect.objectContaining({ code: Code.Internal }));
    expect(read(plainFrame(Buffer.from([0xff, 0xff])))).toThrow(expect.objectContaining({ code: Code.Internal }));
    // Content that says that it is longer than its message.
    expect(read(plainFrame(Buffer.from([0x12, 9, 1])))).toThrow(expect.objectContaining({ code: Code.Internal }));
  });

  test("ends in nothing worse than an error, and holds no more than a message", () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.array(fc.nat(20), { maxLength: 10 }), (garbage, sizes) => {
        try {
          readAll(garbage, sizes);
        } catch (error) {
          expect(error).toMatchObject({ name: "ConnectError" });
        }
      }),
      { numRuns: 1000 },
    );
  });
});
