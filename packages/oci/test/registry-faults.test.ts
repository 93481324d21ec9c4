import { type FaultRule, startTestRegistry, type TestRegistryAuth } from "@a3s/testing";
import { expect, test } from "vitest";
import { parseReference } from "../src/reference/reference.ts";
import { RegistryClient } from "../src/registry/client.ts";
import { RegistryTransport } from "../src/registry/registry-transport.ts";
import { collect } from "./collect.ts";
import { image, layer } from "./registry-setting.ts";

const descriptor = { mediaType: layer.mediaType, digest: layer.digest, size: layer.bytes.length };
const retry = { firstDelayMs: 1, maxDelayMs: 5, stallTimeoutMs: 300 };

async function read(
  faults: readonly FaultRule[],
  { offset = 0, auth }: { offset?: number; auth?: TestRegistryAuth } = {},
) {
  const repositories = { a: { one: image } };
  await using registry = await startTestRegistry({ repositories, faults, ...(auth === undefined ? {} : { auth }) });
  const name = parseReference(`${registry.host}/a:one`);
  await using transport = new RegistryTransport(name, { environment: {}, retry });
  const bytes = Buffer.concat(await collect(transport.blob(descriptor, { offset })));
  return { bytes, ranges: registry.requests.map(({ headers }) => headers.range) };
}

test.each<[string, readonly FaultRule[]]>([
  ["none", []],
  ["a refusal of ranges", [{ after: 0, times: 1, fault: { type: "status", status: 416 } }]],
  ["ranges ignored", [{ fault: { type: "ignore-range" } }]],
  ["a length that promises more", [{ fault: { type: "wrong-length", by: 10 } }]],
  ["a length that promises less, once", [{ times: 1, fault: { type: "wrong-length", by: -10 } }]],
  ["a broken connection", [{ times: 2, fault: { type: "truncate", afterBytes: 100_000 } }]],
  ["silence", [{ times: 1, fault: { type: "stall", afterBytes: 100_000 } }]],
  ["a slow line", [{ times: 1, fault: { type: "throttle", bytesPerSecond: 10_000_000 } }]],
])("from an offset on, with %s, a blob comes whole", async (_what, faults) => {
  const { bytes } = await read(faults, { offset: 1_000_000 });
  expect(bytes.equals(layer.bytes.subarray(1_000_000))).toBe(true);
});

test("nothing is asked for when everything is there", async () => {
  const { bytes, ranges } = await read([], { offset: descriptor.size });
  expect([bytes.length, ranges]).toEqual([0, []]);
});

test("a range that is refused again and again is REGISTRY_PROTOCOL", async () => {
  const faults = [{ fault: { type: "status", status: 416 } }] as const;
  await expect(read(faults, { offset: 1 })).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
});

test("a length that is always too short is REGISTRY_UNREACHABLE, or the blob is whole", async () => {
  const outcome = await read([{ fault: { type: "wrong-length", by: -10 } }]).catch((error: { code: string }) => error);
  if ("bytes" in outcome) expect(outcome.bytes.equals(layer.bytes)).toBe(true);
  else expect(outcome.code).toBe("REGISTRY_UNREACHABLE");
});

test("a token that ends with each request does not stop a blob that breaks off", async () => {
  const auth = { type: "bearer", usesPerToken: 1 } as const;
  const { bytes } = await read([{ kind: "blob", times: 3, fault: { type: "truncate", afterBytes: 1_200_000 } }], {
    auth,
  });
  expect(bytes.equals(layer.bytes)).toBe(true);
});

test("64 downloads at the same time all end, also where the registry closes half of the connections", async () => {
  const faults: readonly FaultRule[] = Array.from({ length: 32 }, (_value, after) => ({
    kind: "blob",
    times: 1,
    after,
    fault: { type: "reset" },
  }));
  await using registry = await startTestRegistry({ repositories: { a: { one: image } }, faults });
  await using client = new RegistryClient({ environment: {}, retry: { ...retry, tries: 10, stallTimeoutMs: 10_000 } });
  const transport = new RegistryTransport(parseReference(`${registry.host}/a:one`), client);
  const sizes = await Promise.all(
    Array.from({ length: 64 }, async () => {
      let size = 0;
      for await (const chunk of transport.blob(descriptor, {})) size += chunk.length;
      return size;
    }),
  );
  expect(new Set(sizes)).toEqual(new Set([descriptor.size]));
});
