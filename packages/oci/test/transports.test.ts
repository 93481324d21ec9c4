import { rm } from "node:fs/promises";
import { startTestRegistry, type TestContent, writeTestLayout } from "@a3s/testing";
import { blobPath } from "../src/layout/blob-path.ts";
import { openTransport } from "../src/pull/pull.ts";
import { parseImageSource } from "../src/source/image-source.ts";
import { scratch } from "./scratch.ts";
import { transportCompliance } from "./transport-compliance.ts";

function leavingOut(content: TestContent, without: readonly string[]): TestContent {
  return { ...content, blobs: new Map([...content.blobs].filter(([digest]) => !without.includes(digest))) };
}

transportCompliance("a registry", async (content, { name, ask = name, without = [] }, use) => {
  const repositories = { "some/image": { [name]: leavingOut(content, without) } };
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer" } });
  await use(openTransport(parseImageSource(`${registry.host}/some/image:${ask}`)));
});

transportCompliance("an OCI image layout", async (content, { name, ask = name, without = [] }, use) => {
  await using files = await scratch();
  await writeTestLayout(files.directory, { [name]: content });
  for (const digest of without) await rm(blobPath(files.directory, digest as `sha256:${string}`));
  await use(openTransport(parseImageSource(`oci:${files.directory}:${ask}`)));
});
