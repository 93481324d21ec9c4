import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageStore } from "@a3s/oci";
import { startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, onTestFinished, test } from "vitest";
import { findImage } from "./find-image.ts";

const [one, two] = ["one", "two"].map((content) =>
  testImage({ layers: [testLayer([{ type: "file", path: content, content }])] }),
) as [ReturnType<typeof testImage>, ReturnType<typeof testImage>];
const { signal } = new AbortController();

async function setting() {
  const store = await mkdtemp(join(tmpdir(), "a3s-find-image-"));
  onTestFinished(() => rm(store, { recursive: true, force: true }));
  const registry = await startTestRegistry({ repositories: { a: { one }, b: { two } } });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return { store, registry };
}

test("a missing image is pulled, a stored one costs no request", async () => {
  const { store, registry } = await setting();
  const find = () => findImage(`${registry.host}/a:one`, { store, pull: {}, signal });
  await using first = await find();
  const asked = registry.requests.length;
  await using second = await find();
  expect(second.image).toEqual(first.image);
  expect(registry.requests.length).toBe(asked);
});

test("a pull makes room, but never takes away the image of a box that holds it", async () => {
  const { store, registry } = await setting();
  const find = (name: string) => findImage(`${registry.host}/${name}`, { store, pull: { cacheBytes: 1 }, signal });
  const names = async () => (await (await ImageStore.open(store)).list()).map(({ reference }) => reference);
  const held = await find("a:one");
  await using _other = await find("b:two");
  expect(await names()).toEqual([`${registry.host}/a:one`, `${registry.host}/b:two`]);
  await held[Symbol.asyncDispose]();
  await (await ImageStore.open(store)).evict({ maxBytes: 1 });
  expect(await names()).toEqual([`${registry.host}/b:two`]);
});

test("an image that is stored does not get round a signature policy", async () => {
  const { store, registry } = await setting();
  const reference = `${registry.host}/a:one`;
  await using _unsigned = await findImage(reference, { store, pull: {}, signal });
  const signaturePolicy = { type: "keyless", issuer: "https://issuer", identity: "me", trustedRoot: {} } as const;
  await expect(findImage(reference, { store, pull: { signaturePolicy }, signal })).rejects.toMatchObject({
    code: "SIGNATURE_POLICY_INVALID",
  });
});
