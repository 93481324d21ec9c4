import { execFile } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { promisify } from "node:util";
import { type TestImage, testImage, testLayer, writeTestLayout } from "@a3s/testing";
import { readVerified } from "../src/content/verify-content.ts";
import { parseReference } from "../src/reference/reference.ts";
import type { RegistryOptions } from "../src/registry/client.ts";
import { RegistryTransport } from "../src/registry/registry-transport.ts";
import type { Scratch } from "./scratch.ts";

const run = promisify(execFile);

/** Noise, the same at each run: skopeo leaves packed layers as they are, and they stay as large. */
const noise = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16)).update(Buffer.alloc(3_000_000));
export const layer = testLayer([{ type: "file", path: "noise", content: noise }]);
export const image: TestImage = testImage({ layers: [layer] });

/** Pushes the image with skopeo. */
export async function pushImage(files: Scratch, name: string, flags: readonly string[]): Promise<void> {
  await writeTestLayout(files.path("layout"), { one: image });
  const source = `oci:${files.path("layout")}:one`;
  await run("skopeo", ["--insecure-policy", "copy", "--quiet", ...flags, source, `docker://${name}`]);
}

/** Reads the image whole; @returns the digest of its manifest. */
export async function fetchImage(name: string, options: RegistryOptions): Promise<string> {
  await using transport = new RegistryTransport(parseReference(name), {
    environment: {},
    ...options,
    retry: { firstDelayMs: 1, ...options.retry },
  });
  const { digest } = await transport.rootManifest({});
  const descriptor = { mediaType: layer.mediaType, digest: layer.digest, size: layer.bytes.length };
  await readVerified(transport.blob(descriptor, {}), descriptor);
  return digest;
}
