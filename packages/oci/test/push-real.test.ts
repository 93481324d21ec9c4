import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { promisify } from "node:util";
import {
  type DockerRegistry,
  startDockerRegistry,
  testImage,
  testIndex,
  testLayer,
  writeTestLayout,
} from "@a3s/testing";
import { expect, test } from "vitest";
import { pull } from "../src/pull/pull.ts";
import { push } from "../src/push/push.ts";
import type { PushEvent } from "../src/push/push-event.ts";
import { save } from "../src/push/save.ts";
import type { ImageStore } from "../src/store/image-store.ts";
import { collect } from "./collect.ts";
import { type Scratch, scratch } from "./scratch.ts";

const run = promisify(execFile);

async function skopeo(...args: readonly string[]): Promise<string> {
  return (await run("skopeo", ["--insecure-policy", ...args])).stdout;
}

const platforms = (["amd64", "arm64"] as const).map((architecture) => ({ os: "linux", architecture }));
const layers = [300_000, 5000].map((size, number) =>
  testLayer([{ type: "file", path: `f${number}`, content: Buffer.alloc(size, number + 1) }], { compression: "none" }),
);
const images = platforms.map((platform) => testImage({ layers, platform, config: { Cmd: [platform.architecture] } }));
const image = images[0] as (typeof images)[0];
const index = testIndex(images);

/** Passes connections on to a registry and breaks the one that carries the last of so many bytes to it. */
async function breakingProxy(host: string, afterBytes: number) {
  const sockets = new Set<Socket>();
  let broken = false;
  let passed = 0;
  const server = createServer((client) => {
    const registry = connect(Number(host.split(":")[1]), "127.0.0.1");
    for (const socket of [client, registry]) sockets.add(socket.on("error", () => {}));
    client.pipe(registry).pipe(client);
    client.on("data", ({ length }) => {
      passed += length;
      if (broken || passed < afterBytes) return;
      broken = true;
      client.destroy();
      registry.end();
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    hasBroken: () => broken,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, "close");
    },
  };
}

interface Setting {
  readonly registry: DockerRegistry;
  readonly store: ImageStore;
  readonly files: Scratch;
  /** Names in the store of the image and of the index, the latter for all platforms. */
  readonly names: { readonly image: string; readonly index: string };
}

async function withStore(use: (setting: Setting) => Promise<void>): Promise<void> {
  await using files = await scratch();
  await using registry = await startDockerRegistry();
  await writeTestLayout(files.path("layout"), { image, index });
  const store = await files.store();
  const names = { image: `oci:${files.path("layout")}:image`, index: `oci:${files.path("layout")}:index` };
  await pull(names.image, { store, platform: image.descriptor.platform });
  for (const platform of platforms) await pull(names.index, { store, platform });
  await use({ registry, store, files, names });
}

function typesOf(events: readonly PushEvent[]): readonly string[] {
  return events.map(({ type }) => type);
}

test("what is pushed to docker-registry is what skopeo inspects, copies back and what is pulled again", () =>
  withStore(async ({ registry, store, files, names }) => {
    const to = `${registry.host}/some/image:one`;
    expect(await push(names.image, { store, to })).toEqual({ reference: to, digest: image.descriptor.digest });
    const inspected = JSON.parse(await skopeo("inspect", "--tls-verify=false", `docker://${to}`));
    expect(inspected).toMatchObject({
      Digest: image.descriptor.digest,
      Layers: layers.map(({ digest }) => digest),
    });
    const copy = `oci:${files.path("copy")}:one`;
    await skopeo("copy", "--quiet", "--preserve-digests", "--src-tls-verify=false", `docker://${to}`, copy);
    expect((await pull(copy, { store })).manifestDigest).toBe(image.descriptor.digest);
    const pulled = await pull(to, { store: await files.store("other") });
    expect(pulled.layers.map(({ descriptor }) => descriptor.digest)).toEqual(layers.map(({ digest }) => digest));
  }));

test("a second push sends no blob", () =>
  withStore(async ({ registry, store, names }) => {
    const to = `${registry.host}/some/image:one`;
    const first = typesOf(await collect(push(names.image, { store, to })));
    expect(first.filter((type) => type === "blob-done").length).toBe(3);
    const again = await collect(push(names.image, { store, to: `${registry.host}/some/image:two` }));
    expect(typesOf(again)).toEqual(["manifest", "blob-present", "blob-present", "blob-present", "done"]);
  }));

test("blobs are mounted from another repository that the store knows to have them", () =>
  withStore(async ({ registry, store, names }) => {
    const known = `${registry.host}/known/image:one`;
    await push(names.image, { store, to: known });
    await pull(known, { store });
    const events = await collect(push(names.index, { store, to: `${registry.host}/new/image:one` }));
    const mounted = events.filter((event) => event.type === "blob-mounted");
    expect(mounted.map(({ from }) => from)).toEqual(["known/image", "known/image", "known/image"]);
    expect(typesOf(events).filter((type) => type === "blob-done").length).toBe(1);
  }));

test("an index goes there whole, with its images", () =>
  withStore(async ({ registry, store, names }) => {
    const to = `${registry.host}/some/image:multi`;
    expect((await push(names.index, { store, to })).digest).toBe(index.descriptor.digest);
    for (const { architecture } of platforms) {
      const inspect = ["inspect", "--tls-verify=false", `--override-arch=${architecture}`];
      expect(JSON.parse(await skopeo(...inspect, `docker://${to}`)).Architecture).toBe(architecture);
    }
    const raw = await skopeo("inspect", "--raw", "--tls-verify=false", `docker://${to}`);
    expect(raw).toBe(Buffer.from(index.blobs.get(index.descriptor.digest) ?? []).toString());
  }));

test("a blob goes in chunks when that is asked for", () =>
  withStore(async ({ registry, store, names }) => {
    const to = `${registry.host}/some/image:chunks`;
    const { digest } = await push(names.image, { store, to, chunkBytes: 100_000 });
    expect(JSON.parse(await skopeo("inspect", "--tls-verify=false", `docker://${to}`)).Digest).toBe(digest);
  }));

test("an image is pushed by its digest alone", () =>
  withStore(async ({ registry, store, names }) => {
    const to = `${registry.host}/some/image@${image.descriptor.digest}`;
    expect((await push(names.image, { store, to })).reference).toBe(to);
    expect(JSON.parse(await skopeo("inspect", "--no-tags", "--tls-verify=false", `docker://${to}`)).Digest).toBe(
      image.descriptor.digest,
    );
  }));

test("images are saved into archives that skopeo reads", () =>
  withStore(async ({ store, files, names }) => {
    const known = `registry.example.com/some/image:one`;
    await store.tag(names.image, known);
    await save([known], `docker-archive:${files.path("docker.tar")}`, { store });
    const docker = await skopeo("inspect", "--config", `docker-archive:${files.path("docker.tar")}:${known}`);
    expect(JSON.parse(docker)).toMatchObject({ architecture: "amd64", config: { Cmd: ["amd64"] } });
    await save([known, names.index], `oci-archive:${files.path("oci.tar")}`, { store });
    const oci = JSON.parse(await skopeo("inspect", `oci-archive:${files.path("oci.tar")}:${known}`));
    expect(oci.Digest).toBe(image.descriptor.digest);
    const copied = await push(names.index, { store, to: `oci-archive:${files.path("one.tar")}:multi` });
    expect(copied).toEqual({
      reference: `oci-archive:${files.path("one.tar")}:multi`,
      digest: index.descriptor.digest,
    });
    expect((await pull(copied.reference, { store, platform: platforms[1] })).config.cmd).toEqual(["arm64"]);
  }));

test.each([undefined, 4_000_000])(
  "gets past a connection to docker-registry that breaks in the middle of an upload, in requests of %s bytes",
  async (chunkBytes) => {
    const layer = testLayer([{ type: "file", path: "big", content: randomBytes(9_000_000) }], { compression: "none" });
    const content = testImage({ layers: [layer] });
    await using files = await scratch();
    await using registry = await startDockerRegistry();
    await using proxy = await breakingProxy(registry.host, 6_000_000);
    await writeTestLayout(files.path("layout"), { one: content });
    const store = await files.store();
    const from = `oci:${files.path("layout")}:one`;
    await pull(from, { store });
    const events = await collect(push(from, { store, to: `${proxy.host}/some/image:one`, chunkBytes }));
    expect(events.at(-1)?.type).toBe("done");
    expect(proxy.hasBroken()).toBe(true);
    const again = await pull(`${registry.host}/some/image:one`, { store: await files.store("other") });
    expect(again.layers[0]?.descriptor.digest).toBe(layer.digest);
  },
);
