import { spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { digestOf } from "./blob.ts";
import { testImage, testIndex } from "./image.ts";
import { testLayer } from "./layer.ts";
import { writeTestLayout } from "./layout.ts";

const layer = testLayer([{ type: "file", path: "hello", content: "hello\n" }]);

test("every blob of an image hashes to its name", () => {
  const image = testImage({ layers: [layer, testLayer([], { compression: "zstd", algorithm: "sha512" })] });
  expect(image.blobs.size).toBe(4);
  for (const [digest, bytes] of image.blobs) {
    expect(digestOf(bytes, digest.startsWith("sha512") ? "sha512" : "sha256")).toBe(digest);
  }
});

test("the diff ID is the digest inside the compression", () => {
  const plain = testLayer([{ type: "file", path: "hello", content: "hello\n" }], { compression: "none" });
  expect(plain.diffId).toBe(plain.digest);
  expect(layer.diffId).toBe(plain.diffId);
  expect(layer.digest).not.toBe(plain.digest);
});

test("skopeo reads a layout with an image and an index", async () => {
  const directory = await mkdtemp(join(tmpdir(), "a3s-layout-"));
  try {
    const image = testImage({ layers: [layer], config: { Cmd: ["sh"] } });
    const other = testImage({ platform: { os: "linux", architecture: "s390x" } });
    await writeTestLayout(directory, { one: image, many: testIndex([image, other]) });
    for (const name of ["one", "many"]) {
      const { stdout, stderr } = spawnSync("skopeo", ["inspect", "--config", `oci:${directory}:${name}`], {
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      expect(JSON.parse(stdout)).toMatchObject({ config: { Cmd: ["sh"] } });
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
});
