import { readdir, readFile } from "node:fs/promises";
import { type FaultRule, startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { type PullOptions, pull } from "../src/pull/pull.ts";
import type { PullEvent } from "../src/pull/pull-event.ts";
import { type Scratch, scratch } from "./scratch.ts";

const layers = ["x", "y"].map((content) =>
  testLayer([{ type: "file", path: content, content: content.repeat(2_000_000) }], { compression: "none" }),
);
const [layer] = layers as [(typeof layers)[number]];
const image = testImage({ layers });
const repositories = { a: { one: image } };
const layerPath = new RegExp(layer.digest);
const wrongLayer: FaultRule = { kind: "blob", path: layerPath, fault: { type: "corrupt" } };

function registry(...faults: readonly FaultRule[]) {
  return startTestRegistry({ repositories, faults });
}

/** Pulls the image, which is whole then; @returns what was told of mirrors. */
async function pullFrom(files: Scratch, reference: string, options: Omit<PullOptions, "store">) {
  const store = await files.store();
  const events: PullEvent[] = [];
  const retry = { firstDelayMs: 1 };
  const pulled = await pull(reference, {
    environment: {},
    retry,
    ...options,
    store,
    onProgress: (e) => events.push(e),
  });
  for (const [position, { path }] of pulled.layers.entries()) {
    expect(Buffer.compare(await readFile(path), Buffer.from(layers[position]?.bytes ?? []))).toBe(0);
  }
  expect((await store.verify()).corrupt).toEqual([]);
  expect(await readdir(files.path("store", "ingest"))).toEqual([]);
  return events.filter(({ type }) => type === "mirror-failed");
}

test("a layer that a mirror gives wrong comes from the next place, and that is told", async () => {
  await using files = await scratch();
  await using mirror = await registry(wrongLayer);
  await using next = await registry();
  await using origin = await registry();
  const mirrors = { [origin.host]: [mirror.host, next.host] };
  expect(await pullFrom(files, `${origin.host}/a:one`, { mirrors })).toEqual([
    {
      ...{ type: "mirror-failed", mirror: `${mirror.host}/a`, code: "BLOB_MISMATCH" },
      message: expect.stringContaining(`The content of ${layer.digest} has the digest`),
    },
  ]);
  expect(mirror.requests.filter(({ path }) => layerPath.test(path)).length).toBe(1);
  expect(next.requests.filter(({ path }) => layerPath.test(path)).map(({ headers }) => headers.range)).toEqual([
    undefined,
  ]);
  expect(origin.requests).toEqual([]);
});

test.each<[string, FaultRule["fault"]]>([
  ["wrong", { type: "corrupt" }],
  ["too long", { type: "lengthen", bytes: 1 }],
])("whatever blob of a mirror is %s, the registry gives it", async (_what, fault) => {
  await using files = await scratch();
  await using mirror = await registry({ kind: "blob", fault });
  await using origin = await registry();
  const told = await pullFrom(files, `${origin.host}/a:one`, { mirrors: { [origin.host]: [mirror.host] } });
  expect(told).toMatchObject([{ code: "BLOB_MISMATCH" }]);
  expect(origin.requests.map(({ kind }) => kind)).toEqual(["blob", "blob", "blob"]);
});

test("a layer that goes on from a mirror's wrong beginning is asked for again, whole", async () => {
  await using files = await scratch();
  await using mirror = await registry({
    ...{ kind: "blob", path: layerPath },
    fault: {
      type: "handler",
      handle(_request, response) {
        response.writeHead(200, { "content-length": layer.bytes.length });
        response.write(Buffer.alloc(1_500_000), () => response.destroy());
      },
    },
  });
  await using origin = await registry();
  const told = await pullFrom(files, `${origin.host}/a:one`, { mirrors: { [origin.host]: [mirror.host] } });
  // It was passed over when it broke off.
  expect(told).toMatchObject([{ code: "REGISTRY_UNREACHABLE" }]);
  const asked = origin.requests.filter(({ path }) => layerPath.test(path)).map(({ headers }) => headers.range);
  expect(asked).toEqual([expect.stringMatching(/^bytes=\d+-$/), undefined]);
});

test("what no place has right ends the pull with the registry's fault, which tells of the mirrors, and leaves nothing", async () => {
  await using files = await scratch();
  await using mirror = await registry(wrongLayer);
  await using origin = await registry(wrongLayer);
  const pulling = pullFrom(files, `${origin.host}/a:one`, { mirrors: { [origin.host]: [mirror.host] } });
  await expect(pulling).rejects.toMatchObject({
    code: "BLOB_MISMATCH",
    details: { digest: layer.digest, mirrors: [{ mirror: `${mirror.host}/a`, code: "BLOB_MISMATCH" }] },
  });
  expect(origin.requests.filter(({ path }) => layerPath.test(path)).length).toBe(1);
  const store = await files.store();
  expect(await store.list()).toEqual([]);
  expect(await store.has({ digest: layer.digest, size: layer.bytes.length })).toBe(false);
  expect(await readdir(files.path("store", "ingest"))).toEqual([]);
});
