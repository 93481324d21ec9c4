import { statSync } from "node:fs";
import { readdir, readFile, writeFile } from "node:fs/promises";
import {
  type FaultRule,
  startTestRegistry,
  type TestContent,
  type TestRegistry,
  type TestRegistryOptions,
  testImage,
  testIndex,
  testLayer,
  writeTestLayout,
} from "@a3s/testing";
import { expect, test } from "vitest";
import { collect } from "../../test/collect.ts";
import { type Scratch, scratch } from "../../test/scratch.ts";
import type { ImageStore } from "../store/image-store.ts";
import type { StoredImage } from "../store/stored-image.ts";
import { type PullOptions, pull } from "./pull.ts";
import type { PullEvent } from "./pull-event.ts";

const layers = [1, 2, 3, 4, 5, 6].map((number) =>
  testLayer([{ type: "file", path: `f${number}`, content: String(number).repeat(20_000) }], { compression: "none" }),
);
const image = testImage({ layers, config: { Cmd: ["sh"], Env: ["A=1"] } });
const fast = { firstDelayMs: 1, maxDelayMs: 2 };

interface Setting {
  readonly registry: TestRegistry;
  readonly store: ImageStore;
  readonly files: Scratch;
  pull(options?: Partial<PullOptions>): ReturnType<typeof pull>;
}

async function withRegistry(
  options: Partial<TestRegistryOptions> & { readonly content?: TestContent },
  use: (setting: Setting) => Promise<void>,
): Promise<void> {
  const { content = image, ...rest } = options;
  await using registry = await startTestRegistry({ repositories: { "lib/a": { one: content } }, ...rest });
  await using files = await scratch();
  const store = await files.store();
  const name = `${registry.host}/lib/a:one`;
  await use({ registry, store, files, pull: (more) => pull(name, { store, retry: fast, ...more }) });
  expect(await readdir(files.path("store", "ingest"))).toEqual([]);
}

test("pulls an image whole: content, configuration, layers in order", async () => {
  await withRegistry({}, async ({ registry, store, pull }) => {
    const pulled = await pull();
    expect(pulled).toMatchObject({
      reference: `${registry.host}/lib/a:one`,
      manifestDigest: image.descriptor.digest,
      rootDigest: image.descriptor.digest,
      config: { cmd: ["sh"], env: ["A=1"], entrypoint: [], workingDir: "/", user: "" },
    });
    expect(pulled.layers.map(({ diffId }) => diffId)).toEqual(layers.map(({ diffId }) => diffId));
    for (const [position, { path }] of pulled.layers.entries()) {
      expect(new Uint8Array(await readFile(path))).toEqual(new Uint8Array(layers[position]?.bytes ?? []));
    }
    expect(await store.get(pulled.reference)).toEqual(pulled);
  });
});

test("an image that is present costs one HEAD, and none by digest", async () => {
  await withRegistry({}, async ({ registry, store, pull: pullOne }) => {
    const first = await pullOne();
    const before = registry.requests.length;
    expect(await pullOne()).toEqual(first);
    expect(registry.requests.slice(before).map(({ method, kind }) => [method, kind])).toEqual([["HEAD", "manifest"]]);
    const byDigest = `${registry.host}/lib/a@${image.descriptor.digest}`;
    await pull(byDigest, { store });
    const after = registry.requests.length;
    await pull(byDigest, { store });
    expect(registry.requests.length).toBe(after);
  });
});

test("layers that are present are not fetched again under another name", async () => {
  await using registry = await startTestRegistry({
    repositories: { a: { one: image }, b: { two: testImage({ layers, config: { Cmd: ["other"] } }) } },
  });
  await using files = await scratch();
  const store = await files.store();
  await pull(`${registry.host}/a:one`, { store });
  const before = registry.requests.length;
  const events = await collect(pull(`${registry.host}/b:two`, { store }));
  expect(registry.requests.slice(before).filter(({ kind }) => kind === "blob").length).toBe(1);
  expect(events.filter(({ type }) => type === "layer-present").length).toBe(layers.length);
});

test("a moved tag is pulled anew", async () => {
  const tags: Record<string, TestContent> = { one: image };
  await withRegistry({ repositories: { "lib/a": tags } }, async ({ store, pull }) => {
    await pull();
    tags["one"] = testImage({ config: { Cmd: ["new"] } });
    expect((await pull()).config.cmd).toEqual(["new"]);
    expect((await store.list()).length).toBe(1);
  });
});

test("events come in order, from the first one, to every iterator and to onProgress", async () => {
  await withRegistry({}, async ({ pull }) => {
    const seen: PullEvent[] = [];
    const pulling = pull({ onProgress: (event) => seen.push(event) });
    const [first, second] = await Promise.all([collect(pulling), collect(pulling)]);
    expect(first).toEqual(second);
    expect(first).toEqual(seen);
    const types = first.map(({ type }) => type);
    expect(types.slice(0, 2)).toEqual(["resolving", "manifest"]);
    expect(types.at(-1)).toBe("done");
    expect(types.filter((type) => type === "layer-done").length).toBe(layers.length);
    expect(await collect(pulling)).toEqual(first);
  });
});

test("the image is known before its layers come in, and each layer's file is there from its own event on", async () => {
  await withRegistry({}, async ({ pull }) => {
    let image: StoredImage | undefined;
    const sizes = new Map<string, number>();
    const pulling = pull({
      onProgress: (event) => {
        if (event.type === "manifest") image = event.image;
        if (event.type !== "layer-done") return;
        const layer = image?.layers.find(({ descriptor }) => descriptor.digest === event.digest);
        sizes.set(event.digest, statSync(layer?.path ?? "").size);
      },
    });
    expect(await pulling).toEqual(image);
    expect([...sizes.keys()].toSorted()).toEqual(layers.map(({ digest }) => digest).toSorted());
    expect([...sizes.values()]).toEqual(layers.map(({ bytes }) => bytes.length));
  });
});

test("two pulls at the same time download each blob once", async () => {
  await withRegistry({}, async ({ registry, pull }) => {
    const [one, two] = await Promise.all([pull(), pull()]);
    expect(one).toEqual(two);
    const blobs = registry.requests.filter(({ kind }) => kind === "blob").map(({ path }) => path);
    expect(new Set(blobs).size).toBe(blobs.length);
  });
});

const platforms = (["amd64", "arm64"] as const).map((architecture) =>
  testImage({ platform: { os: "linux", architecture }, config: { Cmd: [architecture] } }),
);

test.each([
  ["an index", testIndex(platforms)],
  ["a nested index", testIndex([testIndex([]), testIndex(platforms)])],
  ["a Docker manifest list", testIndex(platforms, { format: "docker" })],
  ["sha512 digests", testIndex(platforms, { algorithm: "sha512" })],
])("chooses the platform out of %s", async (_what, content) => {
  await withRegistry({ content }, async ({ store, pull }) => {
    for (const architecture of ["amd64", "arm64"]) {
      const platform = { os: "linux", architecture };
      const pulled = await pull({ platform });
      expect(pulled).toMatchObject({
        platform,
        config: { cmd: [architecture] },
        rootDigest: content.descriptor.digest,
      });
    }
    expect((await store.list()).length).toBe(1);
    await expect(pull({ platform: { os: "linux", architecture: "riscv64" } })).rejects.toMatchObject({
      code: "PLATFORM_NOT_FOUND",
      details: { wanted: "linux/riscv64", offered: ["linux/amd64", "linux/arm64"] },
    });
  });
});

test("an image without an index is refused for another platform before its layers are fetched", async () => {
  const content = testImage({ layers, platform: { os: "linux", architecture: "s390x" } });
  await withRegistry({ content }, async ({ registry, pull }) => {
    await expect(pull()).rejects.toMatchObject({ code: "PLATFORM_NOT_FOUND" });
    expect(registry.requests.filter(({ kind }) => kind === "blob").length).toBe(1);
  });
});

/** Faults that pass: the pull succeeds. */
const passing: readonly (readonly [string, FaultRule])[] = [
  ["a broken manifest", { kind: "manifest", times: 2, fault: { type: "truncate", afterBytes: 10 } }],
  ["a broken blob, resumed", { kind: "blob", times: 3, fault: { type: "truncate", afterBytes: 100 } }],
  ["closed connections", { times: 3, fault: { type: "reset" } }],
  ["a burst of 503", { times: 3, fault: { type: "status", status: 503 } }],
  ["429 with Retry-After", { times: 3, fault: { type: "status", status: 429, headers: { "retry-after": "0" } } }],
  ["a stalled blob", { kind: "blob", times: 1, fault: { type: "stall", afterBytes: 100 } }],
  ["a stalled manifest", { kind: "manifest", times: 1, fault: { type: "stall", afterBytes: 0 } }],
];

test.each(passing)("gets past %s", async (_what, fault) => {
  await withRegistry({ faults: [fault] }, async ({ pull }) => {
    const pulled = await pull({ retry: { ...fast, stallTimeoutMs: 200 } });
    expect(pulled.manifestDigest).toBe(image.descriptor.digest);
  });
});

test("resumes a blob where it broke off, also when the registry ignores Range", async () => {
  const path = new RegExp(layers[0]?.digest ?? "");
  for (const ignore of [false, true]) {
    const faults: FaultRule[] = [{ path, times: 1, fault: { type: "truncate", afterBytes: 1000 } }];
    if (ignore) faults.push({ path, fault: { type: "ignore-range" } });
    await withRegistry({ faults }, async ({ registry, pull }) => {
      await pull();
      const [, second] = registry.requests.filter((request) => path.test(request.path));
      expect(second?.headers.range).toBe("bytes=1000-");
    });
  }
});

/** Faults that stay: a typed error, no name and no temporary file. */
const lasting: readonly (readonly [string, string, FaultRule])[] = [
  ["REGISTRY_UNREACHABLE", "closed connections", { fault: { type: "reset" } }],
  ["REGISTRY_UNREACHABLE", "500 without end", { fault: { type: "status", status: 500 } }],
  ["REGISTRY_UNREACHABLE", "blobs that break off", { kind: "blob", fault: { type: "truncate", afterBytes: 9 } }],
  ["REGISTRY_UNREACHABLE", "stalled blobs", { kind: "blob", fault: { type: "stall", afterBytes: 9 } }],
  ["REGISTRY_RATE_LIMITED", "429 without end", { fault: { type: "status", status: 429 } }],
  ["REGISTRY_RATE_LIMITED", "an hour", { fault: { type: "status", status: 429, headers: { "retry-after": "3600" } } }],
  ["REGISTRY_DENIED", "403", { fault: { type: "status", status: 403 } }],
  ["REGISTRY_PROTOCOL", "an HTML page as manifest", { kind: "manifest", fault: { type: "html" } }],
  ["REGISTRY_PROTOCOL", "an HTML page as blob", { kind: "blob", fault: { type: "html" } }],
  ["REGISTRY_PROTOCOL", "a circle of redirects", { kind: "blob", fault: { type: "redirect", to: "{path}" } }],
  ["REGISTRY_PROTOCOL", "a redirect to HTTP", { kind: "blob", fault: { type: "redirect", to: "http://192.0.2.1/" } }],
  ["REGISTRY_PROTOCOL", "status 418", { fault: { type: "status", status: 418 } }],
  ["REGISTRY_PROTOCOL", "401 without a challenge", { fault: { type: "status", status: 401 } }],
  [
    "REGISTRY_DENIED",
    "a loop of 401",
    { fault: { type: "status", status: 401, headers: { "www-authenticate": 'Basic realm="x"' } } },
  ],
  ["BLOB_MISMATCH", "a manifest with another digest", { kind: "manifest", fault: { type: "corrupt" } }],
  ["BLOB_MISMATCH", "a blob with another digest", { kind: "blob", fault: { type: "corrupt" } }],
  ["BLOB_MISMATCH", "a blob that is too long", { kind: "blob", fault: { type: "lengthen", bytes: 1 } }],
  ["BLOB_NOT_FOUND", "a missing blob", { kind: "blob", fault: { type: "status", status: 404 } }],
  ["IMAGE_NOT_FOUND", "a missing manifest", { kind: "manifest", fault: { type: "status", status: 404 } }],
  ["MANIFEST_INVALID", "a huge manifest", { kind: "manifest", fault: { type: "lengthen", bytes: 5 << 20 } }],
];

test.each(lasting)("%s: %s", async (code, _what, fault) => {
  await withRegistry({ faults: [fault] }, async ({ store, pull }) => {
    const retry = { ...fast, stallTimeoutMs: 50 };
    const credentials = { username: "u", password: "p" };
    const error = await pull({ retry, credentials }).then(undefined, (reason: unknown) => reason);
    expect(error).toMatchObject({ name: "OciError", code });
    expect((error as { hint: string }).hint).not.toBe("");
    expect(await store.list()).toEqual([]);
  });
});

test("a failure reaches who only iterates", async () => {
  await withRegistry({ faults: [{ fault: { type: "status", status: 404 } }] }, async ({ pull }) => {
    await expect(collect(pull())).rejects.toMatchObject({ code: "IMAGE_NOT_FOUND" });
  });
});

test("a reference that is wrong rejects instead of throwing", async () => {
  await using files = await scratch();
  await expect(pull("Wrong", { store: await files.store() })).rejects.toMatchObject({ code: "REFERENCE_INVALID" });
});

test("an abort ends a pull at once with its reason and leaves no temporary file", async () => {
  const faults: FaultRule[] = [{ kind: "blob", fault: { type: "stall", afterBytes: 100 } }];
  await withRegistry({ faults }, async ({ pull }) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const pulling = pull({ signal: controller.signal });
    for await (const event of pulling) if (event.type === "resolving") break;
    controller.abort(reason);
    await expect(pulling).rejects.toBe(reason);
  });
});

test("disposing a pull stops it", async () => {
  const faults: FaultRule[] = [{ kind: "manifest", fault: { type: "stall", afterBytes: 0 } }];
  await withRegistry({ faults }, async ({ store, pull }) => {
    {
      await using pulling = pull();
      for await (const event of pulling) if (event.type === "resolving") break;
    }
    expect(await store.list()).toEqual([]);
  });
});

test("pulls out of an OCI image layout", async () => {
  await using files = await scratch();
  await writeTestLayout(files.path("layout"), { one: image, two: testImage({ config: { Cmd: ["two"] } }) });
  const store = await files.store();
  const source = `oci:${files.path("layout")}:one`;
  const pulled = await pull(source, { store });
  expect(pulled).toMatchObject({ reference: source, manifestDigest: image.descriptor.digest });
  expect(await pull(source, { store })).toEqual(pulled);
  await expect(pull(`oci:${files.path("layout")}`, { store })).rejects.toMatchObject({
    code: "IMAGE_NOT_FOUND",
    details: { names: ["one", "two"] },
  });
  await writeFile(files.path("layout", "index.json"), "{");
  await expect(pull(source, { store })).rejects.toMatchObject({ code: "LAYOUT_INVALID" });
});
