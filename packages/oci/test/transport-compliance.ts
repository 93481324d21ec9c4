import { type TestContent, testImage, testIndex, testLayer } from "@a3s/testing";
import { describe, expect, test } from "vitest";
import { readVerified } from "../src/content/verify-content.ts";
import type { Descriptor } from "../src/manifest/descriptor.ts";
import type { ImageTransport } from "../src/transport/transport.ts";
import { collect } from "./collect.ts";

/** Makes a source that holds `content` under a name, and hands a transport for that name to `use`. */
export type TransportSetting = (
  content: TestContent,
  options: { readonly name: string; readonly ask?: string; readonly without?: readonly string[] },
  use: (transport: ImageTransport) => Promise<void>,
) => Promise<void>;

const layer = testLayer([{ type: "file", path: "big", content: "0123456789".repeat(300_000) }], {
  compression: "none",
});
const empty = testLayer(new Uint8Array(), { compression: "none" });
const image = testImage({ layers: [layer, empty] });
const index = testIndex([image]);
const name = "tag";

function descriptorOf({ mediaType, digest, bytes }: typeof layer): Descriptor {
  return { mediaType, digest, size: bytes.length };
}

/** The same promises for every implementation of {@link ImageTransport}. */
export function transportCompliance(what: string, setting: TransportSetting): void {
  describe(`${what} as image transport`, () => {
    test("hands out the root manifest byte for byte, with its type and true digest", () =>
      setting(index, { name }, async (transport) => {
        const { digest, mediaType } = index.descriptor;
        const root = await transport.rootManifest({});
        expect(root).toMatchObject({ digest, mediaType });
        expect(Buffer.from(root.bytes)).toEqual(index.blobs.get(digest));
        expect(await transport.rootDigest({})).toBe(digest);
      }));

    test("hands out a manifest that an index names", () =>
      setting(index, { name }, async (transport) => {
        const { digest } = image.descriptor;
        const manifest = await transport.manifest(image.descriptor as Descriptor, {});
        expect(manifest.digest).toBe(digest);
        expect(Buffer.from(manifest.bytes)).toEqual(image.blobs.get(digest));
      }));

    test.each([
      ["large", layer],
      ["empty", empty],
    ])("hands out a blob that is %s", (_what, blob) =>
      setting(image, { name }, async (transport) => {
        const descriptor = descriptorOf(blob);
        const bytes = await readVerified(transport.blob(descriptor, {}), descriptor);
        expect(Buffer.from(bytes).equals(blob.bytes)).toBe(true);
      }),
    );

    test("a name that does not exist is IMAGE_NOT_FOUND", () =>
      setting(image, { name, ask: "other" }, async (transport) => {
        await expect(transport.rootManifest({})).rejects.toMatchObject({ name: "OciError", code: "IMAGE_NOT_FOUND" });
        await expect(transport.rootDigest({})).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
      }));

    test("a blob that does not exist is BLOB_NOT_FOUND", () =>
      setting(image, { name, without: [layer.digest] }, async (transport) => {
        const reading = collect(transport.blob(descriptorOf(layer), {}));
        await expect(reading).rejects.toMatchObject({ name: "OciError", code: "BLOB_NOT_FOUND" });
      }));

    test("an abort ends every call with its reason", () =>
      setting(index, { name }, async (transport) => {
        const reason = new Error("enough");
        const call = { signal: AbortSignal.abort(reason) };
        await expect(transport.rootDigest(call)).rejects.toBe(reason);
        await expect(transport.rootManifest(call)).rejects.toBe(reason);
        await expect(transport.manifest(image.descriptor as Descriptor, call)).rejects.toBe(reason);
        await expect(collect(transport.blob(descriptorOf(layer), call))).rejects.toBe(reason);
      }));

    test("an abort in the middle of a blob ends it with its reason", () =>
      setting(image, { name }, async (transport) => {
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
      setting(image, { name }, async (transport) => {
        for await (const chunk of transport.blob(descriptorOf(layer), {})) {
          expect(chunk.length).toBeGreaterThan(0);
          break;
        }
      }));
  });
}
