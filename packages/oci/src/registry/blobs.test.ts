import { startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { parseReference } from "../reference/reference.ts";
import { RegistryTransport } from "./registry-transport.ts";

const layer = testLayer([{ type: "file", path: "big", content: "0123456789".repeat(200_000) }], {
  compression: "none",
});
const descriptor = { mediaType: layer.mediaType, digest: layer.digest, size: layer.bytes.length };

async function chunksOf(lend: boolean): Promise<readonly Uint8Array[]> {
  await using registry = await startTestRegistry({ repositories: { a: { one: testImage({ layers: [layer] }) } } });
  await using transport = new RegistryTransport(parseReference(`${registry.host}/a:one`));
  const chunks: Uint8Array[] = [];
  const seen: Buffer[] = [];
  for await (const chunk of transport.blob(descriptor, { lend })) {
    chunks.push(chunk);
    seen.push(Buffer.from(chunk));
  }
  expect(Buffer.concat(seen).equals(layer.bytes)).toBe(true);
  return chunks;
}

test("chunks are the reader's to keep", async () => {
  expect(Buffer.concat(await chunksOf(false)).equals(layer.bytes)).toBe(true);
});

test("lent chunks give their memory back when the next one is asked for", async () => {
  const chunks = await chunksOf(true);
  expect(chunks.length).toBeGreaterThan(10);
  // Those that share the memory of others, as the end of the answer's head, are left alone.
  expect(chunks.filter(({ length }) => length > 0).length).toBeLessThan(chunks.length / 5);
});
