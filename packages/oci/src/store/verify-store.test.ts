import { chmod, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { basename } from "node:path";
import { testImage, testIndex, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, test } from "vitest";
import { keepImage } from "../../test/keep-image.ts";
import { type Scratch, scratch } from "../../test/scratch.ts";
import { blobPath } from "../layout/blob-path.ts";
import { pull } from "../pull/pull.ts";
import type { ImageStore } from "./image-store.ts";

const layers = ["a", "b"].map((name) => testLayer([{ type: "file", path: name, content: name }]));
const image = testImage({ layers });
const [first = { digest: "sha256:" as const, bytes: Buffer.of() }] = layers;

async function pulled(files: Scratch): Promise<{ readonly store: ImageStore; readonly name: string }> {
  await writeTestLayout(files.path("layout"), { one: image });
  const store = await files.store();
  const name = `oci:${files.path("layout")}:one`;
  await pull(name, { store });
  return { store, name };
}

test("a sound store passes, and every blob is told", async () => {
  await using files = await scratch();
  const { store } = await pulled(files);
  const seen: number[] = [];
  const bytes = [...image.blobs.values()].reduce((sum, { length }) => sum + length, 0);
  const report = await store.verify({ onProgress: ({ checked, total }) => seen.push(checked, total) });
  expect(report).toEqual({ checked: 4, bytes, corrupt: [], missing: [] });
  expect(seen).toEqual([1, 4, 2, 4, 3, 4, 4, 4]);
});

const damages: readonly (readonly [string, (path: string) => Promise<void>])[] = [
  ["changed", (path) => writeFile(path, Buffer.alloc(first.bytes.length))],
  ["cut", (path) => truncate(path, 3)],
  ["lengthened", (path) => writeFile(path, "x", { flag: "a" })],
];

test.each(damages)("a blob that was %s is moved away, and a pull repairs the image", async (_what, damage) => {
  await using files = await scratch();
  const { store, name } = await pulled(files);
  const path = blobPath(store.directory, first.digest);
  await chmod(path, 0o600);
  await damage(path);
  const damaged = await readFile(path);
  const report = await store.verify();
  expect(report).toMatchObject({
    checked: 4,
    corrupt: [{ digest: first.digest, path }],
    missing: [{ reference: name, digest: first.digest }],
  });
  const [{ quarantined = "" } = {}] = report.corrupt;
  expect(await readFile(quarantined)).toEqual(damaged);
  expect(await store.get(name)).toBeUndefined();
  await pull(name, { store });
  expect(await store.verify()).toMatchObject({ corrupt: [], missing: [] });
});

test("files in blobs/ that are no blobs are moved away", async () => {
  await using files = await scratch();
  const { store } = await pulled(files);
  const strays = [
    files.path("store", "blobs", "readme"),
    files.path("store", "blobs", "sha256", "short"),
    files.path("store", "blobs", "sha256", "f".repeat(64)),
  ] as const;
  await writeFile(strays[0], "x");
  await writeFile(strays[1], "x");
  await symlink("/dev/zero", strays[2]);
  const { corrupt } = await store.verify();
  expect(corrupt.map(({ path }) => path).toSorted()).toEqual([...strays].toSorted());
  expect((await readdir(files.path("store", "quarantine"))).toSorted()).toEqual(
    corrupt.map(({ quarantined }) => basename(quarantined)).toSorted(),
  );
});

test("names whose content is gone are listed; platforms that were never pulled are not", async () => {
  await using files = await scratch();
  const store = await files.store();
  const arm = testImage({ platform: { os: "linux", architecture: "arm64" } });
  const amd = testImage({ platform: { os: "linux", architecture: "amd64" } });
  await keepImage(store, "a/b", testIndex([arm, amd]), [...arm.blobs.keys()]);
  expect((await store.verify()).missing).toEqual([]);
  await rm(blobPath(store.directory, amd.configDescriptor.digest));
  expect((await store.verify()).missing).toEqual([
    { reference: "docker.io/a/b:latest", digest: amd.configDescriptor.digest },
  ]);
});

test("an abort ends it with its reason", async () => {
  await using files = await scratch();
  const { store } = await pulled(files);
  const controller = new AbortController();
  const reason = new Error("enough");
  const verifying = store.verify({ signal: controller.signal, onProgress: () => controller.abort(reason) });
  await expect(verifying).rejects.toBe(reason);
});
