import { type TestContent, testImage, testIndex, testLayer } from "@a3s/testing";
import { describe, expect, test } from "vitest";
import type { ImageDestination } from "../src/transport/destination.ts";
import type { ImageTransport } from "../src/transport/transport.ts";
import {
  blobsOf,
  contentOf,
  expectBytes,
  expectLayers,
  manifestOf,
  putImage,
  type TestBlob,
} from "./destination-content.ts";

/** A place that images are written to in one test. */
export interface DestinationPlace {
  /** A new destination that writes there. */
  open(): ImageDestination;
  /** A transport for what was written under a name. */
  read(name: string): ImageTransport;
  /** What is left there of writes that did not end: temporary files, open uploads. */
  leftovers(): Promise<readonly string[]>;
  /** How often content lies there. */
  copies(blob: TestBlob): Promise<number>;
}

/** How a kind of destination is tested. */
export interface DestinationSetting {
  /** Makes an empty place, hands it to `use` and removes it. */
  with(use: (place: DestinationPlace) => Promise<void>): Promise<void>;
  /**
   * `bytes`: manifests, indexes and layers come back byte for byte. `layers`: only the configuration does, and the layers
   * unpacked; there are no indexes.
   */
  readonly keeps: "bytes" | "layers";
  /** Whether a later destination adds to what an earlier one committed; an archive is replaced. */
  readonly adds: boolean;
}

const big = testLayer([{ type: "file", path: "big", content: "0123456789".repeat(300_000) }]);
const plain = testLayer([{ type: "file", path: "small", content: "x" }], { compression: "none" });
const zstd = testLayer([{ type: "file", path: "zstd", content: "y" }], { compression: "zstd" });
const image = testImage({ layers: [big, plain, zstd], config: { Cmd: ["one"] } });
const other = testImage({ layers: [big, plain], config: { Cmd: ["two"] } });
const call = {};

/** The same promises for every implementation of {@link ImageDestination}. */
export function destinationCompliance(what: string, setting: DestinationSetting): void {
  const expectImage = (transport: ImageTransport, wanted: TestContent) =>
    setting.keeps === "bytes" ? expectBytes(transport, wanted) : expectLayers(transport, wanted);

  describe(`${what} as image destination`, () => {
    test("what is put and committed is read back", () =>
      setting.with(async (place) => {
        await write(place, async (destination) => {
          await putImage(destination, image, "tag");
        });
        await using transport = place.read("tag");
        await expectImage(transport, image);
        expect(await place.leftovers()).toEqual([]);
      }));

    if (setting.keeps === "bytes")
      test("indexes are read back byte for byte, nested ones too", () =>
        setting.with(async (place) => {
          const inner = testIndex([image, other], { format: "docker" });
          const index = testIndex([inner, other]);
          await write(place, async (destination) => {
            await putImage(destination, image);
            await putImage(destination, other);
            await destination.putManifest(manifestOf(inner), call);
            await destination.putManifest(manifestOf(index), { name: "tag" });
          });
          await using transport = place.read("tag");
          await expectBytes(transport, index);
        }));

    test("without commit nothing is there to read, and no temporary file stays", () =>
      setting.with(async (place) => {
        await using destination = place.open();
        await putImage(destination, image, "tag");
        await destination[Symbol.asyncDispose]();
        await using transport = place.read("tag");
        await expect(transport.rootManifest(call)).rejects.toMatchObject({ name: "OciError" });
        expect(await place.leftovers()).toEqual([]);
      }));

    test("an image has as many names as it is given, and images share their blobs", () =>
      setting.with(async (place) => {
        await write(place, async (destination) => {
          await putImage(destination, image, "one");
          await destination.putManifest(manifestOf(image), { name: "two" });
          await putImage(destination, other, "three");
        });
        for (const [name, wanted] of [["one", image] as const, ["two", image] as const, ["three", other] as const]) {
          await using transport = place.read(name);
          await expectImage(transport, wanted);
        }
        for (const blob of blobsOf(image)) expect(await place.copies(blob)).toBe(1);
      }));

    test("a blob that is put twice is stored once", () =>
      setting.with(async (place) => {
        await write(place, async (destination) => {
          const [blob] = blobsOf(image) as [TestBlob];
          expect(await destination.putBlob(blob.descriptor, contentOf(blob), call)).toBe(true);
          expect(await destination.putBlob(blob.descriptor, contentOf(blob), call)).toBe(false);
          await putImage(destination, image, "tag");
        });
        const [blob] = blobsOf(image) as [TestBlob];
        expect(await place.copies(blob)).toBe(1);
        await using transport = place.read("tag");
        await expectImage(transport, image);
      }));

    test("blobs that are put at the same time are all there", () =>
      setting.with(async (place) => {
        await write(place, async (destination) => {
          const twice = [...blobsOf(image), ...blobsOf(image)];
          await Promise.all(twice.map((blob) => destination.putBlob(blob.descriptor, contentOf(blob, 1000), call)));
          await destination.putManifest(manifestOf(image), { name: "tag" });
        });
        await using transport = place.read("tag");
        await expectImage(transport, image);
      }));

    test("a name that is put again stands for what came last", () =>
      setting.with(async (place) => {
        await write(place, async (destination) => {
          await putImage(destination, image, "tag");
          await putImage(destination, other, "tag");
        });
        await using transport = place.read("tag");
        await expectImage(transport, other);
      }));

    if (setting.adds)
      test("a later write adds to what is there, and replaces what has its name", () =>
        setting.with(async (place) => {
          await write(place, async (destination) => {
            await putImage(destination, image, "kept");
            await putImage(destination, image, "replaced");
          });
          await write(place, async (destination) => {
            const [blob] = blobsOf(other) as [TestBlob];
            expect(await destination.putBlob(blob.descriptor, contentOf(blob), call)).toBe(false);
            await putImage(destination, other, "replaced");
          });
          await using kept = place.read("kept");
          await expectImage(kept, image);
          await using replaced = place.read("replaced");
          await expectImage(replaced, other);
        }));

    const [wrongFor] = blobsOf(image) as [TestBlob];
    test.each<[string, Uint8Array]>([
      ["is too short", wrongFor.bytes.subarray(0, -1)],
      ["is too long", Buffer.concat([wrongFor.bytes, Buffer.from("x")])],
      ["has another digest", Buffer.from(wrongFor.bytes).fill(0xff, 100, 110)],
      ["is empty", new Uint8Array()],
    ])("content that %s is BLOB_MISMATCH, and the right content may follow", (_what, bytes) =>
      setting.with(async (place) => {
        await write(place, async (destination) => {
          const putting = destination.putBlob(wrongFor.descriptor, contentOf({ bytes }), call);
          await expect(putting).rejects.toMatchObject({ name: "OciError", code: "BLOB_MISMATCH" });
          await putImage(destination, image, "tag");
        });
        await using transport = place.read("tag");
        await expectImage(transport, image);
        expect(await place.leftovers()).toEqual([]);
      }),
    );

    test("a fault of the source comes through as it is, and nothing of the blob stays", () =>
      setting.with(async (place) => {
        const fault = new Error("the source broke");
        const [blob] = blobsOf(image) as [TestBlob];
        await using destination = place.open();
        const content = async function* () {
          yield blob.bytes.subarray(0, 1000);
          throw fault;
        };
        await expect(destination.putBlob(blob.descriptor, content, call)).rejects.toBe(fault);
        await putImage(destination, other, "tag");
        await destination.commit(call);
        await using transport = place.read("tag");
        await expectImage(transport, other);
        expect(await place.leftovers()).toEqual([]);
      }));

    test("an abort ends every call with its reason", () =>
      setting.with(async (place) => {
        const reason = new Error("enough");
        const aborted = { signal: AbortSignal.abort(reason) };
        const [blob] = blobsOf(image) as [TestBlob];
        await using destination = place.open();
        await expect(destination.putBlob(blob.descriptor, contentOf(blob), aborted)).rejects.toBe(reason);
        await expect(destination.putManifest(manifestOf(image), aborted)).rejects.toBe(reason);
        await expect(destination.commit(aborted)).rejects.toBe(reason);
        expect(await place.leftovers()).toEqual([]);
      }));

    test("an abort in the middle of a blob ends it with its reason and leaves nothing", () =>
      setting.with(async (place) => {
        const reason = new Error("enough");
        const controller = new AbortController();
        const [blob] = blobsOf(image) as [TestBlob];
        const content = async function* () {
          for await (const chunk of contentOf(blob, 1000)(0)) {
            yield chunk;
            controller.abort(reason);
          }
        };
        await using destination = place.open();
        const putting = destination.putBlob(blob.descriptor, content, { signal: controller.signal });
        await expect(putting).rejects.toBe(reason);
        await destination[Symbol.asyncDispose]();
        expect(await place.leftovers()).toEqual([]);
        expect(await place.copies(blob)).toBe(0);
      }));
  });
}

async function write(place: DestinationPlace, put: (destination: ImageDestination) => Promise<void>): Promise<void> {
  await using destination = place.open();
  await put(destination);
  await destination.commit(call);
}
