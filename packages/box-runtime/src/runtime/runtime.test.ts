import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { NETWORK_KINDS, parseBoxConfig } from "@a3s/core";
import { LowerStore, leaseRoot } from "@a3s/rootfs";
import { startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, onTestFinished, test } from "vitest";
import { createRuntime } from "./runtime.ts";

const shared = testLayer([{ type: "file", path: "shared", content: "x".repeat(10_000) }], { compression: "none" });
const [one, two] = ["one", "two"].map((content) =>
  testImage({ layers: [shared, testLayer([{ type: "file", path: content, content }])] }),
) as [ReturnType<typeof testImage>, ReturnType<typeof testImage>];

async function setting() {
  const directory = await mkdtemp(join(tmpdir(), "a3s-runtime-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const registry = await startTestRegistry({ repositories: { a: { one, two } } });
  onTestFinished(() => registry[Symbol.asyncDispose]());
  return { directory, registry, runtime: createRuntime({ home: join(directory, "home") }) };
}

test("a runtime touches nothing until it is asked for something", async () => {
  const { directory, runtime } = await setting();
  expect(existsSync(runtime.home.home)).toBe(false);
  expect(await runtime.volumes.list()).toEqual([]);
  expect(await readdir(directory)).toEqual(["home"]);
});

test("networks are those that a configuration can have, and the machine is looked at", async () => {
  const { runtime } = await setting();
  const networks = await runtime.networks.list();
  for (const { name } of networks) expect(parseBoxConfig({ image: "a", network: name }).network).toBe(name);
  expect(networks.map(({ name, kind }) => [name, kind])).toEqual(NETWORK_KINDS.map((kind) => [kind, kind]));
  expect(existsSync(runtime.home.home)).toBe(false);
  const signal = AbortSignal.abort(new Error("enough"));
  await expect(runtime.host.check({ signal })).rejects.toThrow("enough");
});

test("images are pulled with events, listed with what they share, named, copied and forgotten", async () => {
  const { directory, registry, runtime } = await setting();
  const { images } = runtime;
  const [first, second] = [`${registry.host}/a:one`, `${registry.host}/a:two`];
  const pulling = images.pull(first);
  const types = (await Array.fromAsync(pulling)).map(({ type }) => type);
  expect([types[0], types.at(-1)]).toEqual(["resolving", "done"]);
  await images.pull(second);
  const listed = await images.list();
  expect(listed.map(({ reference, digest }) => [reference, digest])).toEqual([
    [first, one.descriptor.digest],
    [second, two.descriptor.digest],
  ]);
  expect(await images.names()).toEqual([first, second]);
  for (const { totalBytes, uniqueBytes } of listed) expect(totalBytes - uniqueBytes).toBe(shared.bytes.length);

  await images.tag(first, "example.com/mine:1");
  expect((await images.inspect("example.com/mine:1")).descriptor.digest).toBe(one.descriptor.digest);
  const archive = `docker-archive:${join(directory, "images.tar")}`;
  await images.save(["example.com/mine:1"], archive);
  await images.remove("example.com/mine:1");
  expect((await images.load(join(directory, "images.tar"))).map(({ reference }) => reference)).toEqual([
    "example.com/mine:1",
  ]);
  const pushed = await images.push(first, { to: `${registry.host}/b:copy` });
  expect(pushed.digest).toBe(one.descriptor.digest);
  for (const call of [images.remove, images.inspect]) {
    await expect(call.bind(images)("example.com/none:1")).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  }
});

test("pruning removes images and roots that nobody holds, within the bounds that are given", async () => {
  const { registry, runtime } = await setting();
  const { images, home } = runtime;
  const image = await images.pull(`${registry.host}/a:one`);
  const store = await LowerStore.open(home.rootfs);
  const layers = image.layers.map(({ descriptor, diffId, path }) => ({ ...descriptor, diffId, path }));
  const root = await leaseRoot({ store, layers });
  const kept = await images.prune({ maxImageBytes: 1e9 });
  expect([kept.images.removedReferences, kept.roots.removed]).toEqual([[], []]);
  await root[Symbol.asyncDispose]();
  const pruned = await images.prune();
  expect(pruned.images.removedReferences).toEqual([`${registry.host}/a:one`]);
  expect(pruned.roots.removed.map(({ chainId }) => chainId)).toEqual([root.chainId]);
  expect((await images.usage()).bytes).toBe(0);
});

test("a signal ends a pull with its reason", async () => {
  const { registry, runtime } = await setting();
  const reason = new Error("enough");
  const pulling = runtime.images.pull(`${registry.host}/a:one`, { signal: AbortSignal.abort(reason) });
  await expect(pulling).rejects.toBe(reason);
});
