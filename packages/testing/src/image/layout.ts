import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { digestParts } from "@a3s/core";
import type { TestContent } from "./blob.ts";

const REF_NAME = "org.opencontainers.image.ref.name";

/**
 * Writes an OCI image layout: the keys are the values of `org.opencontainers.image.ref.name`. Existing files are overwritten.
 *
 * ```ts
 * await writeTestLayout(directory, { latest: image, multi: testIndex([image, arm]) });
 * ```
 */
export async function writeTestLayout(
  directory: string,
  contents: Readonly<Record<string, TestContent>>,
): Promise<void> {
  await mkdir(directory, { recursive: true });
  const manifests = Object.entries(contents).map(([name, { descriptor }]) => ({
    ...descriptor,
    annotations: { ...descriptor.annotations, [REF_NAME]: name },
  }));
  for (const { blobs } of Object.values(contents)) {
    for (const [digest, bytes] of blobs) {
      const { algorithm, hex } = digestParts(digest);
      const path = join(directory, "blobs", algorithm, hex);
      await mkdir(dirname(path), { recursive: true });
      await writeFile(path, bytes);
    }
  }
  await writeFile(join(directory, "oci-layout"), JSON.stringify({ imageLayoutVersion: "1.0.0" }));
  const mediaType = "application/vnd.oci.image.index.v1+json";
  await writeFile(join(directory, "index.json"), JSON.stringify({ schemaVersion: 2, mediaType, manifests }));
}
