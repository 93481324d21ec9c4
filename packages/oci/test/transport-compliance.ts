import { type TestContent, testImage, testIndex, testLayer } from "@a3s/testing";
import { describe, expect, test } from "vitest";
import { readVerified } from "../src/content/verify-content.ts";
import type { Descriptor } from "../src/manifest/descriptor.ts";
import type { ImageTransport } from "../src/transport/transport.ts";
import { collect } from "./collect.ts";

/** What one test reads from. */
export interface TransportSource {
  /** By name, which is a tag of one repository. */
  readonly contents: Readonly<Record<string, TestContent>>;
  /** The name that the transport is for. */
  readonly ask: string;
}

/** How a kind of source is tested. */
export interface TransportSetting {
  /** Makes the source, hands a transport to `use`, disposes the transport, and removes the source. */
  with(source: TransportSource, use: (transport: ImageTransport) => Promise<void>): Promise<void>;
  /** Whether it can hold indexes; an archive of `docker save` cannot. */
  readonly indexes: boolean;
}

const layer = testLayer([{ type: "file", path: "big", content: "0123456789".repeat(300_000) }], {
  compression: "none",
});
const empty = testLayer(new Uint8Array(), { compression: "none" });
const image = testImage({ layers: [layer, empty] });
const other = testImage({ layers: [layer], config: { Cmd: ["other"] } });
const index = testIndex([image]);

function descriptorOf({ mediaType, digest, bytes }: typeof layer): Descriptor {
  return { mediaType, digest, size: bytes.length };
}

/** The same promises for every implementation of {@link ImageTransport}. */
export function transportCompliance(what: string, setting: TransportSetting): void {
  const reading = (content: TestContent, use: (transport: ImageTransport) => Promise<void>) =>
    setting.with({ contents: { tag: content }, ask: "tag" }, use);
  const roots = [["an image", image] as const, ...(setting.indexes ? [["an index", index] as const] : [])];

  describe(`${what} as image transport`, () => {
    test.each(roots)("hands out the root manifest of %s byte for byte, with its type and true digest", (_what, root) =>
      reading(root, async (transport) => {
        const { digest, mediaType } = root.descriptor;
        const raw = await transport.rootManifest({});
        expect(raw).toMatchObject({ digest, mediaType });
        expect(Buffer.from(raw.bytes)).toEqual(root.blobs.get(digest));
        expect(await transport.rootDigest({})).toBe(digest);
      }),
    );

    test.each(roots)("hands out a manifest of %s by its descriptor", (_what, root) =>
      reading(root, async (transport) => {
        const { digest } = image.descriptor;
        const manifest = await transport.manifest(image.descriptor as Descriptor, {});
        expect(manifest.digest).toBe(digest);
        expect(Buffer.from(manifest.bytes)).toEqual(image.blobs.get(digest));
      }),
    );

    test.each([
      ["large", layer],
      ["empty", empty],
    ])("hands out a blob that is %s", (_what, blob) =>
      reading(image, async (transport) => {
        const descriptor = descriptorOf(blob);
        const bytes = await readVerified(transport.blob(descriptor, {}), descriptor);
        expect(Buffer.from(bytes).equals(blob.bytes)).toBe(true);
      }),
    );

    test("hands out the configuration", () =>
      reading(image, async (transport) => {
        const descriptor = image.configDescriptor as Descriptor;
        const bytes = await readVerified(transport.blob(descriptor, {}), descriptor);
        expect(Buffer.from(bytes)).toEqual(image.blobs.get(descriptor.digest));
      }));

    test.each([0, 1, 511, 512, 1024 * 1024, layer.bytes.length - 1, layer.bytes.length])(
      "hands out what a blob has from byte %i on",
      (offset) =>
        reading(image, async (transport) => {
          const rest = Buffer.concat(await collect(transport.blob(descriptorOf(layer), { offset })));
          expect(rest.equals(layer.bytes.subarray(offset))).toBe(true);
        }),
    );

    test("a name that does not exist is IMAGE_NOT_FOUND", () =>
      setting.with({ contents: { tag: image }, ask: "other" }, async (transport) => {
        await expect(transport.rootManifest({})).rejects.toMatchObject({ name: "OciError", code: "IMAGE_NOT_FOUND" });
        await expect(transport.rootDigest({})).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
      }));

    test("another tag beside the image's own is found, and undefined when there is none", () =>
      setting.with({ contents: { tag: image, beside: other }, ask: "tag" }, async (transport) => {
        const found = await transport.tagged("beside", {});
        expect(found?.digest).toBe(other.descriptor.digest);
        expect(Buffer.from(found?.bytes ?? [])).toEqual(other.blobs.get(other.descriptor.digest));
        expect(await transport.tagged("missing", {})).toBe(undefined);
      }));

    test("a blob that the source does not have is BLOB_NOT_FOUND", () =>
      reading(other, async (transport) => {
        const reading = collect(transport.blob(descriptorOf(empty), {}));
        await expect(reading).rejects.toMatchObject({ name: "OciError", code: "BLOB_NOT_FOUND" });
      }));

    test("an abort ends every call with its reason, and calls without it go on", () =>
      reading(image, async (transport) => {
        const reason = new Error("enough");
        const call = { signal: AbortSignal.abort(reason) };
        await expect(transport.rootDigest(call)).rejects.toBe(reason);
        await expect(transport.rootManifest(call)).rejects.toBe(reason);
        await expect(transport.manifest(image.descriptor as Descriptor, call)).rejects.toBe(reason);
        await expect(transport.tagged("tag", call)).rejects.toBe(reason);
        await expect(collect(transport.blob(descriptorOf(layer), call))).rejects.toBe(reason);
        expect((await transport.rootManifest({})).digest).toBe(image.descriptor.digest);
      }));

    test("an abort in the middle of a blob ends it with its reason", () =>
      reading(image, async (transport) => {
        const reason = new Error("enough");
        const controller = new AbortController();
        const reading = async () => {
          for await (const _chunk of transport.blob(descriptorOf(layer), { signal: controller.signal })) {
            controller.abort(reason);
          }
        };
        await expect(reading()).rejects.toBe(reason);
      }));

    test("a blob may be left in the middle", () =>
      reading(image, async (transport) => {
        for await (const chunk of transport.blob(descriptorOf(layer), {})) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }));

    test("blobs may be read at the same time", () =>
      reading(image, async (transport) => {
        const descriptor = descriptorOf(layer);
        const readings = Array.from({ length: 4 }, () => readVerified(transport.blob(descriptor, {}), descriptor));
        for (const bytes of await Promise.all(readings)) expect(bytes.length).toBe(layer.bytes.length);
      }));

    test("it may be disposed before its first call, which makes nothing", () => reading(image, async () => {}));
  });
}
