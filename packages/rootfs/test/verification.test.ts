import { truncate, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { zstdCompressSync } from "node:zlib";
import { tarArchive, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { ensureRoot } from "../src/ensure-root.ts";
import { dir, file, link, sparse } from "./fixture/entries.ts";
import { plain, Scratch } from "./fixture/scratch.ts";
import { treeOf } from "./fixture/tree.ts";

test.each(["gzip", "zstd", "none"] as const)(
  "a %s layer that is not what its diff ID says is refused",
  async (compression) => {
    await using scratch = await Scratch.create();
    const layers = await scratch.layers(testLayer([file("a")], { compression }), {
      ...testLayer([file("b")], { compression }),
      diffId: testLayer([file("c")]).diffId,
    });
    await expect(ensureRoot({ store: scratch.store, layers })).rejects.toMatchObject({
      code: "DIFF_ID_MISMATCH",
      details: { layer: layers[1]?.digest, expected: layers[1]?.diffId },
    });
    expect(await scratch.store.list()).toEqual([]);
    await scratch.expectUntouched();
  },
);

test("bytes after the end of the archive count for the diff ID", async () => {
  await using scratch = await Scratch.create();
  const padded = testLayer(Buffer.concat([tarArchive([file("a")]), Buffer.alloc(9000, "x")]));
  expect(treeOf((await scratch.apply(padded)).path)).toEqual({ a: "= 1" });
});

test("the compression is seen in the bytes: Docker labels plain layers as gzip", async () => {
  await using scratch = await Scratch.create();
  const mediaType = "application/vnd.docker.image.rootfs.diff.tar.gzip";
  expect(treeOf((await scratch.apply(plain([file("a")], { mediaType }))).path)).toEqual({ a: "= 1" });
});

test.each(["application/vnd.oci.image.layer.v1.tar+gzip+encrypted", "application/vnd.in-toto+json", ""])(
  "the media type %j is refused before anything is applied",
  async (mediaType) => {
    await using scratch = await Scratch.create();
    await expect(scratch.apply(plain([file("a")]), plain([file("b")], { mediaType }))).rejects.toMatchObject({
      code: "LAYER_UNSUPPORTED",
    });
  },
);

test("a missing, a truncated and an empty blob", async () => {
  await using scratch = await Scratch.create();
  const [layer] = await scratch.layers(testLayer([file("a", "content".repeat(1000))]));
  if (layer === undefined) throw new Error("no layer");
  const attempt = (path: string) => ensureRoot({ store: scratch.store, layers: [{ ...layer, path }] });
  await expect(attempt(join(scratch.directory, "missing"))).rejects.toMatchObject({ code: "LAYER_UNREADABLE" });
  await truncate(layer.path, 60);
  await expect(attempt(layer.path)).rejects.toMatchObject({ code: "LAYER_INVALID" });
  await writeFile(layer.path, "");
  await expect(attempt(layer.path)).rejects.toMatchObject({ code: "DIFF_ID_MISMATCH" });
  await scratch.expectUntouched();
});

test.each([
  ["entries", { maxEntries: 2 }],
  ["bytes", { maxTotalBytes: 4096 }],
  ["bytes of a file", { maxFileBytes: 999 }],
  ["bytes of names, targets and attributes", { maxMetadataBytes: 120 }],
])("more %s than allowed, over all layers", async (_, limits) => {
  await using scratch = await Scratch.create();
  const layers = [
    plain([file("a"), dir("b", { xattrs: { "user.note": "x".repeat(50) } })]),
    plain([file("c", "x".repeat(1000)), link("d", "y".repeat(60))]),
  ];
  await expect(scratch.applyWith({ limits }, ...layers)).rejects.toMatchObject({ code: "LAYER_TOO_LARGE" });
  await scratch.expectUntouched();
  await scratch.apply(...layers);
});

test("directories that only appear in names count as entries do, also of a root that is copied", async () => {
  await using scratch = await Scratch.create();
  const layers = [plain([file("a/b/c/d")]), plain([file("e/f"), file("e/g")])];
  const attempt = (maxEntries: number) => scratch.applyWith({ limits: { maxEntries } }, ...layers);
  await expect(attempt(6)).rejects.toMatchObject({ code: "LAYER_TOO_LARGE" });
  await scratch.expectUntouched();
  expect(await attempt(7)).toMatchObject({ entries: 3 });

  await using upon = await Scratch.create();
  await upon.apply(...layers.slice(0, 1));
  await expect(upon.applyWith({ limits: { maxEntries: 6 } }, ...layers)).rejects.toMatchObject({
    code: "LAYER_TOO_LARGE",
  });
  expect(await upon.applyWith({ limits: { maxEntries: 7 } }, ...layers)).toMatchObject({ entries: 3 });
});

test.each([
  ["bytes of a file", { maxFileBytes: 99_999 }, 100_000],
  ["bytes", { maxTotalBytes: 99_999 }, 100_000],
  ["bytes for each compressed one", {}, 2 ** 30],
])("holes count: more %s than allowed", async (_, limits, size) => {
  await using scratch = await Scratch.create();
  await expect(scratch.applyWith({ limits }, plain([sparse("s", size)]))).rejects.toMatchObject({
    code: "LAYER_TOO_LARGE",
  });
  await scratch.expectUntouched();
});

test("a layer that grows beyond all measure is stopped by its ratio", async () => {
  await using scratch = await Scratch.create();
  const zeros = zstdCompressSync(Buffer.alloc(64 << 20));
  const header = tarArchive([file("zeros", "", { header: { size: (2 ** 33 - 1).toString(8).padStart(11, "0") } })], {
    unterminated: true,
  });
  const bomb = Buffer.concat([zstdCompressSync(header), ...Array.from({ length: 16 }, () => zeros)]);
  const layer = { ...testLayer([file("x")], { compression: "zstd" }), bytes: bomb };
  await expect(scratch.apply(layer)).rejects.toMatchObject({
    code: "LAYER_TOO_LARGE",
    message: expect.stringContaining("times as many"),
  });
  await scratch.expectUntouched();
});
