import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageStore, type PullEvent } from "@a3s/oci";
import { startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, onTestFinished, test } from "vitest";
import { type FindImageOptions, findImage, type HeldImage } from "./find-image.ts";

const [one, two] = ["one", "two"].map((content) =>
  testImage({ layers: [testLayer([{ type: "file", path: content, content }])] }),
) as [ReturnType<typeof testImage>, ReturnType<typeof testImage>];
const { signal } = new AbortController();

async function find(
  reference: string,
  options: Pick<FindImageOptions, "store" | "pull"> & Partial<FindImageOptions>,
): Promise<HeldImage> {
  const found = await findImage(reference, {
    policy: "missing",
    platform: undefined,
    signal,
    onProgress: () => {},
    ...options,
  });
  if (found === undefined) throw new Error("nobody removed it");
  return found;
}

async function setting() {
  const directory = await mkdtemp(join(tmpdir(), "a3s-find-image-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const store = await ImageStore.open(directory);
  const registry = await startTestRegistry({ repositories: { a: { one }, b: { two } } });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return { store, registry };
}

test("a missing image is pulled, a stored one costs no request", async () => {
  const { store, registry } = await setting();
  const findOne = () => find(`${registry.host}/a:one`, { store, pull: {} });
  await using first = await findOne();
  const asked = registry.requests.length;
  await using second = await findOne();
  expect(second.image).toEqual(first.image);
  expect(registry.requests.length).toBe(asked);
});

test("a pull makes room, but never takes away the image of a box that holds it", async () => {
  const { store, registry } = await setting();
  const findNamed = (name: string) => find(`${registry.host}/${name}`, { store, pull: { cacheBytes: 1 } });
  const names = async () => (await store.list()).map(({ reference }) => reference);
  const held = await findNamed("a:one");
  await using _other = await findNamed("b:two");
  expect(await names()).toEqual([`${registry.host}/a:one`, `${registry.host}/b:two`]);
  await held[Symbol.asyncDispose]();
  await store.evict({ maxBytes: 1 });
  expect(await names()).toEqual([`${registry.host}/b:two`]);
});

test("an image that is stored does not get round a signature policy", async () => {
  const { store, registry } = await setting();
  const reference = `${registry.host}/a:one`;
  await using _unsigned = await find(reference, { store, pull: {} });
  const signaturePolicy = { type: "keyless", issuer: "https://issuer", identity: "me", trustedRoot: {} } as const;
  await expect(find(reference, { store, pull: { signaturePolicy } })).rejects.toMatchObject({
    code: "SIGNATURE_POLICY_INVALID",
  });
});

test("always asks the source, and takes what a tag leads to by now", async () => {
  const { store, registry } = await setting();
  const reference = `${registry.host}/a:one`;
  await using first = await find(reference, { store, pull: {} });
  const asked = registry.requests.length;
  await using second = await find(reference, { store, pull: {}, policy: "always" });
  expect(second.image).toEqual(first.image);
  expect(registry.requests.length).toBeGreaterThan(asked);
});

test("never takes what is stored and asks for nothing", async () => {
  const { store, registry } = await setting();
  const reference = `${registry.host}/a:one`;
  await expect(find(reference, { store, pull: {}, policy: "never" })).rejects.toMatchObject({ code: "PULL_REFUSED" });
  expect(registry.requests).toEqual([]);
  await using pulled = await find(reference, { store, pull: {} });
  const asked = registry.requests.length;
  await using stored = await find(reference, { store, pull: {}, policy: "never" });
  expect(stored.image).toEqual(pulled.image);
  expect(registry.requests.length).toBe(asked);
});

test("never does not get round a signature policy either", async () => {
  const { store, registry } = await setting();
  const reference = `${registry.host}/a:one`;
  await using _pulled = await find(reference, { store, pull: {} });
  const signaturePolicy = { type: "keyless", issuer: "https://issuer", identity: "me", trustedRoot: {} } as const;
  await expect(find(reference, { store, pull: { signaturePolicy }, policy: "never" })).rejects.toMatchObject({
    code: "PULL_REFUSED",
    message: expect.stringContaining("signature policy"),
  });
});

test("the image of another platform is another image", async () => {
  const { store, registry } = await setting();
  const platform = { os: "linux", architecture: "386" };
  await expect(find(`${registry.host}/a:one`, { store, pull: {}, platform })).rejects.toMatchObject({
    code: "PLATFORM_NOT_FOUND",
  });
});

test("an image that is gone before it is held is none", async () => {
  const { store, registry } = await setting();
  const remove = (event: PullEvent) => {
    if (event.type === "done") for (const { path } of event.image.layers) rmSync(path);
  };
  const options = { store, pull: {}, policy: "missing", platform: undefined, signal, onProgress: remove } as const;
  expect(await findImage(`${registry.host}/a:one`, options)).toBeUndefined();
});
