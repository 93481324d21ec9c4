import { expect, test } from "vitest";
import { testImage } from "../image/image.ts";
import { testLayer } from "../image/layer.ts";
import type { FaultRule } from "./fault.ts";
import { startTestRegistry } from "./test-registry.ts";

const layer = testLayer([{ type: "file", path: "a", content: "a".repeat(5000) }], { compression: "none" });
const repositories = { "lib/a": { one: testImage({ layers: [layer] }) } };
const blob = `/v2/lib/a/blobs/${layer.digest}`;

async function withFault<T>(fault: FaultRule["fault"], use: (origin: string) => Promise<T>): Promise<T> {
  await using registry = await startTestRegistry({ repositories, faults: [{ kind: "blob", times: 1, fault }] });
  return await use(`http://${registry.host}`);
}

test("serves manifests by tag and digest, blobs and ranges of them", async () => {
  await using registry = await startTestRegistry({ repositories });
  const origin = `http://${registry.host}`;
  const byTag = await fetch(`${origin}/v2/lib/a/manifests/one`);
  const digest = byTag.headers.get("docker-content-digest");
  expect(await (await fetch(`${origin}/v2/lib/a/manifests/${digest}`)).text()).toBe(await byTag.text());
  const part = await fetch(origin + blob, { headers: { range: "bytes=100-" } });
  expect(part.status).toBe(206);
  expect(new Uint8Array(await part.arrayBuffer())).toEqual(new Uint8Array(layer.bytes.subarray(100)));
  expect((await fetch(`${origin}/v2/lib/b/manifests/one`)).status).toBe(404);
  expect(registry.requests.map(({ kind }) => kind)).toEqual(["manifest", "manifest", "blob", "manifest"]);
});

test("a truncated body breaks the connection, and only as often as told", async () => {
  await withFault({ type: "truncate", afterBytes: 10 }, async (origin) => {
    await expect(fetch(origin + blob).then((answer) => answer.arrayBuffer())).rejects.toThrow();
    expect((await (await fetch(origin + blob)).arrayBuffer()).byteLength).toBe(layer.bytes.length);
  });
});

test("a corrupt body differs in one bit", async () => {
  await withFault({ type: "corrupt" }, async (origin) => {
    const bytes = new Uint8Array(await (await fetch(origin + blob)).arrayBuffer());
    expect(bytes.filter((byte, position) => byte !== layer.bytes[position]).length).toBe(1);
  });
});

test("a stalled body can be aborted", async () => {
  await withFault({ type: "stall", afterBytes: 10 }, async (origin) => {
    const controller = new AbortController();
    const answer = await fetch(origin + blob, { signal: controller.signal });
    const reader = answer.body?.getReader();
    expect((await reader?.read())?.value?.length).toBe(10);
    controller.abort();
    await expect(reader?.read()).rejects.toThrow();
  });
});

test("hands out tokens that wear out", async () => {
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer", usesPerToken: 1 } });
  const origin = `http://${registry.host}`;
  expect((await fetch(origin + blob)).headers.get("www-authenticate")).toContain(`Bearer realm="${origin}/token"`);
  const { token } = (await (await fetch(`${origin}/token`)).json()) as { token: string };
  const headers = { authorization: `Bearer ${token}` };
  expect((await fetch(origin + blob, { headers })).status).toBe(200);
  expect((await fetch(origin + blob, { headers })).status).toBe(401);
});
