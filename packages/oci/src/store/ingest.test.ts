import { randomBytes } from "node:crypto";
import { chmod, readdir, readFile, stat, truncate, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { once } from "../../test/keep-image.ts";
import { type Scratch, scratch } from "../../test/scratch.ts";
import { contentDigest } from "../content/content-digest.ts";
import { BlobFiles } from "./blob-files.ts";
import { Ingest } from "./ingest.ts";
import { sweepIngest } from "./sweep-ingest.ts";

const MIB = 1024 * 1024;
const big = randomBytes(40 * MIB);
const small = Buffer.from("small");

async function* chunks(bytes: Uint8Array, size = 64 * 1024): AsyncGenerator<Uint8Array> {
  for (let offset = 0; offset < bytes.length; offset += size) yield bytes.subarray(offset, offset + size);
}

async function* breaking(bytes: Uint8Array, error: unknown): AsyncGenerator<Uint8Array> {
  yield* chunks(bytes);
  throw error;
}

interface Setting {
  readonly files: Scratch;
  readonly target: string;
  readonly partial: string;
  /** The offsets that were asked for. */
  readonly offsets: number[];
  take(content: (offset: number) => AsyncIterable<Uint8Array>, signal?: AbortSignal): ReturnType<Ingest["take"]>;
  left(): Promise<readonly string[]>;
}

async function withIngest(bytes: Uint8Array, use: (setting: Setting) => Promise<void>): Promise<void> {
  await using files = await scratch();
  const digest = contentDigest(bytes);
  const descriptor = { mediaType: "a/b", digest, size: bytes.length };
  const blobs = new BlobFiles(files.directory);
  const ingest = new Ingest(files.path("ingest"), blobs);
  await sweepIngest(files.path("ingest"));
  const offsets: number[] = [];
  await use({
    files,
    target: blobs.path(digest),
    partial: files.path("ingest", digest.replace(":", "-")),
    offsets,
    take: (content, signal) =>
      ingest.take(
        descriptor,
        (offset) => {
          offsets.push(offset);
          return content(offset);
        },
        signal,
      ),
    left: () => readdir(files.path("ingest")),
  });
}

const rest = (offset: number) => chunks(big.subarray(offset));

test.each([
  ["small", small],
  ["empty", Buffer.of()],
  ["large", big],
])("content that is %s appears under its digest, whole and read-only", async (_what, bytes) => {
  await withIngest(bytes, async ({ take, target, left }) => {
    expect(await take(() => chunks(bytes))).toEqual({ taken: true, resumedFrom: 0 });
    expect((await readFile(target)).equals(bytes)).toBe(true);
    expect((await stat(target)).mode & 0o777).toBe(0o444);
    expect(await left()).toEqual([]);
    expect(await take(() => chunks(bytes))).toEqual({ taken: false, resumedFrom: 0 });
  });
});

test("what a failed download left is where the next one goes on, byte by byte", async () => {
  await withIngest(big, async ({ take, target, offsets, left }) => {
    const broken = new Error("broken");
    await expect(take(() => breaking(big.subarray(0, 3 * MIB + 5), broken))).rejects.toBe(broken);
    await expect(take((offset) => breaking(big.subarray(offset, 20 * MIB + 7), broken))).rejects.toBe(broken);
    expect(await left()).toHaveLength(1);
    expect(await take(rest)).toEqual({ taken: true, resumedFrom: 20 * MIB + 7 });
    expect(offsets).toEqual([0, 3 * MIB + 5, 20 * MIB + 7]);
    expect((await readFile(target)).equals(big)).toBe(true);
    expect(await left()).toEqual([]);
  });
});

test("an abort rejects with its reason and keeps what came in", async () => {
  await withIngest(big, async ({ take, offsets }) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    async function* aborting(): AsyncGenerator<Uint8Array> {
      yield big.subarray(0, 2 * MIB);
      controller.abort(reason);
      yield big.subarray(2 * MIB, 3 * MIB);
    }
    await expect(take(aborting, controller.signal)).rejects.toBe(reason);
    await take(rest);
    expect(offsets).toEqual([0, 2 * MIB]);
  });
});

test.each([
  ["a small blob", small, (bytes: Uint8Array) => breaking(bytes.subarray(0, 2), new Error("broken"))],
  ["no byte", big, () => breaking(Buffer.of(), new Error("broken"))],
  ["content of another digest", big, (bytes: Uint8Array) => chunks(Buffer.from(bytes).fill(1, 0, 2))],
  ["content that is too long", big, (bytes: Uint8Array) => breaking(Buffer.concat([bytes, small]), new Error("late"))],
  ["content that is too short", big, (bytes: Uint8Array) => chunks(bytes.subarray(1))],
  [
    "a part on a disk that is full",
    big,
    (bytes: Uint8Array) => breaking(bytes.subarray(0, 2 * MIB), Object.assign(new Error("full"), { code: "ENOSPC" })),
  ],
])("nothing is kept of %s", async (_what, bytes, content) => {
  await withIngest(bytes, async ({ take, left, files }) => {
    await expect(take(() => content(bytes))).rejects.toThrow();
    expect(await left()).toEqual([]);
    expect(await readdir(files.path())).toEqual(["ingest"]);
  });
});

test("a part that is damaged is found out by the digest, and all is fetched again", async () => {
  await withIngest(big, async ({ take, partial, target, offsets }) => {
    await writeFile(partial, Buffer.alloc(2 * MIB));
    expect(await take(rest)).toEqual({ taken: true, resumedFrom: 0 });
    expect(offsets).toEqual([2 * MIB, 0]);
    expect((await readFile(target)).equals(big)).toBe(true);
  });
});

test("a source that is wrong twice is BLOB_MISMATCH, and poison is not kept", async () => {
  await withIngest(big, async ({ take, partial, offsets, left }) => {
    await writeFile(partial, big.subarray(0, 2 * MIB));
    const wrong = (offset: number) => chunks(Buffer.alloc(big.length - offset));
    await expect(take(wrong)).rejects.toMatchObject({ code: "BLOB_MISMATCH" });
    expect(offsets).toEqual([2 * MIB, 0]);
    expect(await left()).toEqual([]);
  });
});

test("a part that is longer than the blob is thrown away", async () => {
  await withIngest(big, async ({ take, partial, offsets }) => {
    await writeFile(partial, big);
    await truncate(partial, big.length + 1);
    await take(rest);
    expect(offsets).toEqual([0]);
  });
});

test("a part that is all of it, sealed by a process that died then, asks for nothing", async () => {
  await withIngest(big, async ({ take, partial, target, offsets }) => {
    await writeFile(partial, big);
    await chmod(partial, 0o444);
    expect(await take(rest)).toEqual({ taken: true, resumedFrom: big.length });
    expect(offsets).toEqual([]);
    expect((await readFile(target)).equals(big)).toBe(true);
  });
});

test("of calls for the same blob one takes it in, and the others wait for it", async () => {
  await withIngest(big, async ({ take, offsets }) => {
    const added = await Promise.all([take(rest), take(rest), take(rest)]);
    expect(added.map(({ taken }) => taken)).toEqual([true, false, false]);
    expect(offsets).toEqual([0]);
  });
});

test("who waits for another call goes on where that one fails", async () => {
  await withIngest(big, async ({ take, offsets }) => {
    const failing = take(() => breaking(big.subarray(0, 4 * MIB), new Error("broken")));
    const waiting = take(rest);
    await expect(failing).rejects.toThrow("broken");
    expect(await waiting).toEqual({ taken: true, resumedFrom: 4 * MIB });
    expect(offsets).toEqual([0, 4 * MIB]);
  });
});

test("an abort leaves the wait for another call", async () => {
  await withIngest(small, async ({ take, left }) => {
    const controller = new AbortController();
    async function* held(): AsyncGenerator<Uint8Array> {
      const waiting = take(() => once(small), controller.signal);
      controller.abort(new Error("enough"));
      await expect(waiting).rejects.toThrow("enough");
      yield small;
    }
    expect(await take(held)).toMatchObject({ taken: true });
    expect(await left()).toEqual([]);
  });
});
