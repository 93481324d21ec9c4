import { expect, test } from "vitest";
import { readDockerManifest } from "../archive/docker-manifest.ts";
import { parseIndexJson } from "../layout/index-json.ts";
import { parseImageConfig } from "./image-config.ts";
import { parseManifest } from "./manifest.ts";

const digest = `sha256:${"0".repeat(64)}` as const;
const ones = (bytes: number) => `[${"1,".repeat(bytes / 2)}1]`;
const labels = `{"Labels":{${Array.from({ length: 500_000 }, (_, at) => `"${at}":1`).join(",")}}}`;

test.each<[string, () => unknown]>([
  ["a manifest", () => parseManifest(raw(`{"schemaVersion":2,"config":{},"layers":${ones(4_000_000)}}`))],
  ["an index", () => parseManifest(raw(`{"schemaVersion":2,"manifests":${ones(4_000_000)}}`))],
  [
    "a configuration",
    () => parseImageConfig(Buffer.from(`{"os":"linux","architecture":"a","config":${labels}}`), digest),
  ],
  ["index.json", () => parseIndexJson(`{"schemaVersion":2,"manifests":${ones(30_000_000)}}`)],
])("%s of nothing but faults is refused at the first one", async (_, parse) => {
  const before = process.memoryUsage().heapUsed;
  expect(parse).toThrow();
  // A list of all faults takes hundreds of bytes for each one.
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(512 * 1024 * 1024);
});

test("a manifest.json of nothing but faults is refused at the first one", async () => {
  const text = Buffer.from(ones(4_000_000));
  const files = { read: async () => text, invalid: (fault: string, cause: unknown) => new Error(fault, { cause }) };
  const before = process.memoryUsage().heapUsed;
  await expect(readDockerManifest(files as never, {})).rejects.toThrow("malformed");
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(512 * 1024 * 1024);
});

test("a fault is named with its path, and not longer than is of use", () => {
  const annotations = { ["k".repeat(100_000)]: 1 };
  const config = { mediaType: "a/b", digest, size: 1, annotations };
  const manifest = () => parseManifest(raw(JSON.stringify({ schemaVersion: 2, layers: [], config })));
  expect(manifest).toThrow(/is malformed: config\.annotations\.k/);
  expect(manifest).toThrow(/^.{0,700}$/);
});

function raw(text: string) {
  return { bytes: Buffer.from(text), digest };
}
