import { readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { startTestRegistry, testImage, testIndex, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { blobPath } from "../src/layout/blob-path.ts";
import { pull } from "../src/pull/pull.ts";
import { push } from "../src/push/push.ts";
import type { PushEvent } from "../src/push/push-event.ts";
import { save } from "../src/push/save.ts";
import { collect } from "./collect.ts";
import { big, image, REPOSITORY, withPush } from "./push-setting.ts";
import { scratch } from "./scratch.ts";

const platforms = (["amd64", "arm64", "riscv64"] as const).map((architecture) => ({ os: "linux", architecture }));
const images = platforms.map((platform) => testImage({ platform, config: { Cmd: [platform.architecture] } }));
const index = testIndex([...images.slice(0, 1), testIndex(images.slice(1))]);

test("events come in order: what there is, each blob, the end", () =>
  withPush({}, async ({ push, to }) => {
    const seen: PushEvent[] = [];
    const pushing = push({ onProgress: (event) => seen.push(event) });
    const events = await collect(pushing);
    expect(events).toEqual(seen);
    const totalBytes = [...image.blobs].reduce((sum, [, bytes]) => sum + bytes.length, -image.descriptor.size);
    expect(events[0]).toEqual({ type: "manifest", digest: image.descriptor.digest, blobs: 3, totalBytes });
    expect(events.filter(({ type }) => type === "blob-done").length).toBe(3);
    expect(events.at(-1)).toEqual({ type: "done", image: { reference: to, digest: image.descriptor.digest } });
    const sent = events.flatMap((event) => (event.type === "blob-progress" ? [event.sent] : []));
    expect(sent).toEqual(sent.toSorted((one, other) => one - other));
    expect(sent.length).toBeGreaterThan(5);
    expect(sent.length).toBeLessThanOrEqual(50);
  }));

test("what went out before a fault is not reported again", () =>
  withPush({}, async ({ registry, push }) => {
    const fault = { type: "cut", afterBytes: 1_500_000 } as const;
    registry.addFault({ kind: "upload", method: "PUT", path: /digest=/, times: 3, fault });
    const events = await collect(push());
    const sent = events.flatMap((event) => (event.type === "blob-progress" ? [event.sent] : []));
    expect(sent).toEqual([...new Set(sent)].toSorted((one, other) => one - other));
  }));

test("a blob that the registry has is not sent, and a manifest always is", () =>
  withPush({}, async ({ registry, push }) => {
    await push();
    const before = registry.requests.length;
    const again = (await collect(push())).map(({ type }) => type);
    expect(again).toEqual(["manifest", "blob-present", "blob-present", "blob-present", "done"]);
    const requests = registry.requests.slice(before).map(({ kind, method }) => `${method} ${kind}`);
    expect(requests.toSorted()).toEqual(["HEAD blob", "HEAD blob", "HEAD blob", "PUT manifest"]);
  }));

test.each([
  ["mounts", {}, 0],
  ["does not mount", { mounts: false }, 3],
])("asks for a mount, with a token for both repositories, at a registry that %s", (_what, uploads, sent) =>
  withPush({ uploads, auth: { type: "bearer" } }, async ({ registry, store, files, from }) => {
    const known = `${registry.host}/known/image:one`;
    await push(from, { store, to: known });
    await pull(known, { store });
    const before = registry.requests.length;
    const types = (await collect(push(from, { store, to: `${registry.host}/new/image:one` }))).map(({ type }) => type);
    expect(types.filter((type) => type === "blob-done").length).toBe(sent);
    expect(types.filter((type) => type === "blob-mounted").length).toBe(3 - sent);
    const paths = registry.requests.slice(before).map(({ path }) => decodeURIComponent(path));
    expect(paths.filter((path) => path.includes("&from=known/image")).length).toBe(3);
    expect(paths.find((path) => path.startsWith("/token"))).toMatch(/new\/image:pull,push.*known\/image:pull/);
    expect(registry.openUploads).toBe(0);
    expect((await pull(`${registry.host}/new/image:one`, { store: await files.store("other") })).layers.length).toBe(2);
  }),
);

test("names that other tools gave to images of the store do not stop a push", () =>
  withPush({}, async ({ registry, store, push }) => {
    const path = join(store.directory, "index.json");
    const index = JSON.parse(await readFile(path, "utf8"));
    const [entry] = index.manifests;
    const annotations = { "org.opencontainers.image.ref.name": "No Reference" };
    await writeFile(path, JSON.stringify({ ...index, manifests: [...index.manifests, { ...entry, annotations }] }));
    await push();
    expect(registry.content.tags(REPOSITORY)).toEqual(["one"]);
  }));

test("a mount that is refused does not stop a push", () =>
  withPush({}, async ({ registry, store, from }) => {
    const known = `${registry.host}/known/image:one`;
    await push(from, { store, to: known });
    await pull(known, { store });
    registry.addFault({ kind: "upload", path: /mount=/, fault: { type: "status", status: 403 } });
    await push(from, { store, to: `${registry.host}/new/image:one` });
    expect(registry.content.blob("new/image", big.digest)).toBeDefined();
  }));

test("an index goes whole, with what it names before it, or one platform of it without it", () =>
  withPush({ content: index }, async ({ registry, store, from, push }) => {
    for (const platform of platforms) await pull(from, { store, platform });
    const digest = index.descriptor.digest;
    expect(await push()).toMatchObject({ digest });
    expect(registry.content.manifest(REPOSITORY, "one")?.digest).toBe(digest);
    for (const { descriptor } of images) expect(registry.content.manifest(REPOSITORY, descriptor.digest)).toBeDefined();
    const arm64 = images[1]?.descriptor.digest;
    expect(await push({ platform: { os: "linux", architecture: "arm64" } })).toMatchObject({ digest: arm64 });
    expect(registry.content.manifest(REPOSITORY, "one")?.digest).toBe(arm64);
  }));

test("an index of which a platform is missing is refused before anything is sent, unless a platform is named", async () => {
  await using registry = await startTestRegistry();
  await using files = await scratch();
  await writeTestLayout(files.path("layout"), { one: index });
  const store = await files.store();
  const from = `oci:${files.path("layout")}:one`;
  const [first, second] = platforms as [(typeof platforms)[0], (typeof platforms)[0]];
  await pull(from, { store, platform: second });
  const to = `${registry.host}/some/image:one`;
  await expect(push(from, { store, to })).rejects.toMatchObject({
    code: "BLOB_NOT_FOUND",
    message: expect.stringContaining("linux/amd64"),
    hint: expect.stringContaining("name one platform"),
  });
  await expect(push(from, { store, to, platform: first })).rejects.toMatchObject({ code: "BLOB_NOT_FOUND" });
  expect(registry.requests).toEqual([]);
  expect((await push(from, { store, to, platform: second })).digest).toBe(images[1]?.descriptor.digest);
});

test("a layer that has an address of its own stays there", async () => {
  const foreign = testLayer([{ type: "file", path: "foreign", content: "f" }], {
    mediaType: "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
  });
  const { mediaType, digest, bytes } = foreign;
  const layer = { mediaType, digest, size: bytes.length, urls: ["https://example.com/layer"] };
  const content = testImage({ layers: [foreign], manifest: { layers: [layer] } });
  await withPush({ content }, async ({ registry, push, files }) => {
    expect(await collect(push())).toMatchObject([
      { type: "manifest", blobs: 1 },
      { type: "blob-done" },
      { type: "done" },
    ]);
    expect(registry.content.blob(REPOSITORY, digest)).toBeUndefined();
    const events = await collect(push({ to: `oci:${files.path("copy")}:one` }));
    expect(events[0]).toMatchObject({ blobs: 2 });
  });
});

test("a blob that is damaged in the store is not taken for the real one", () =>
  withPush({}, async ({ registry, store, push }) => {
    const path = blobPath(store.directory, big.digest);
    await rm(path);
    await writeFile(path, Buffer.from(big.bytes).fill(0, 1_000_000, 1_000_010));
    await expect(push()).rejects.toMatchObject({ code: "BLOB_MISMATCH" });
    expect(registry.content.blob(REPOSITORY, big.digest)).toBeUndefined();
    expect([registry.content.tags(REPOSITORY), registry.openUploads]).toEqual([[], 0]);
  }));

test("a name that the store does not have is IMAGE_NOT_FOUND, and a wrong one rejects instead of throwing", async () => {
  await using files = await scratch();
  const store = await files.store();
  await expect(push("localhost:1/none:1", { store })).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  await expect(push("Wrong", { store })).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
  await expect(save(["localhost:1/none:1"], "oci:./nowhere", { store })).rejects.toMatchObject({
    code: "IMAGE_NOT_FOUND",
  });
});

test("a target that names another digest is refused", () =>
  withPush({}, async ({ registry, push }) => {
    const to = `${registry.host}/a@sha256:${"0".repeat(64)}`;
    await expect(push({ to })).rejects.toMatchObject({ code: "REFERENCE_INVALID", details: { part: "digest" } });
    expect(registry.requests).toEqual([]);
  }));

test.each([0, Number.NaN, -5])("chunks of %s bytes are refused before anything is sent", (chunkBytes) =>
  withPush({}, async ({ registry, push }) => {
    await expect(push({ chunkBytes })).rejects.toMatchObject({ code: "REGISTRY_OPTIONS_INVALID" });
    expect(registry.requests).toEqual([]);
  }),
);

test("an image goes back where it came from when no target is named", () =>
  withPush({}, async ({ registry, store, to, push: first }) => {
    await first();
    await pull(to, { store });
    expect(await push(to, { store })).toEqual({ reference: to, digest: image.descriptor.digest });
    expect(registry.requests.filter(({ method }) => method === "PUT").length).toBeGreaterThan(1);
  }));

test("images are saved into one layout under their own names, and are the same when pulled from there", () =>
  withPush({}, async ({ store, files, to, from, push: first }) => {
    await first();
    await pull(to, { store });
    const layout = `oci:${files.path("saved")}`;
    const events: PushEvent[] = [];
    const saved = await save([to, from], layout, { store, onProgress: (event) => events.push(event) });
    const { digest } = image.descriptor;
    expect(saved).toEqual([
      { reference: `${layout}:${to}`, digest },
      { reference: `${layout}:one`, digest },
    ]);
    expect(events.filter(({ type }) => type === "done").length).toBe(2);
    for (const { reference } of saved) expect((await pull(reference, { store })).rootDigest).toBe(digest);
  }));

test.each(["localhost:1/a:1", "oci:./layout:tag"])("several images are not saved into %s", async (to) => {
  await using files = await scratch();
  const saving = save(["a:1", "b:1"], to, { store: await files.store() });
  await expect(saving).rejects.toMatchObject({ code: "REFERENCE_INVALID", hint: expect.stringContaining("oci:") });
});
