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
  const middle = await fetch(origin + blob, { headers: { range: "bytes=100-199" } });
  expect(middle.headers.get("content-range")).toBe(`bytes 100-199/${layer.bytes.length}`);
  expect(new Uint8Array(await middle.arrayBuffer())).toEqual(new Uint8Array(layer.bytes.subarray(100, 200)));
  const beyond = await fetch(origin + blob, { headers: { range: `bytes=${layer.bytes.length}-` } });
  expect([beyond.status, beyond.headers.get("content-range")]).toEqual([416, `bytes */${layer.bytes.length}`]);
  expect((await fetch(`${origin}/v2/lib/b/manifests/one`)).status).toBe(404);
  expect((await fetch(`${origin}/v2/lib/a/manifests/${layer.digest}`)).status).toBe(404);
  expect(registry.requests.slice(0, 4).map(({ kind }) => kind)).toEqual(["manifest", "manifest", "blob", "blob"]);
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

test.each([
  ["more", 10],
  ["fewer", -10],
])("a length that promises %s than there is breaks the connection", (_what, by) =>
  withFault({ type: "wrong-length", by }, async (origin) => {
    const answer = await fetch(origin + blob);
    expect(answer.headers.get("content-length")).toBe(String(layer.bytes.length + by));
    const bytes = await answer.arrayBuffer().catch(() => undefined);
    expect(bytes?.byteLength).not.toBe(layer.bytes.length);
  }),
);

test("a throttled body comes in parts, and whole", () =>
  withFault({ type: "throttle", bytesPerSecond: 100_000 }, async (origin) => {
    const answer = await fetch(origin + blob);
    const parts: Uint8Array[] = [];
    for await (const part of answer.body ?? []) parts.push(part);
    expect(parts[0]?.length).toBe(2000);
    expect(Buffer.concat(parts).equals(layer.bytes)).toBe(true);
  }));

test("a lost answer is of a request that was carried out", async () => {
  await using registry = await startTestRegistry({ repositories });
  registry.addFault({ kind: "upload", fault: { type: "lost-answer" } });
  const begin = fetch(`http://${registry.host}/v2/lib/a/blobs/uploads/`, { method: "POST" });
  await expect(begin).rejects.toThrow();
  expect(registry.openUploads).toBe(1);
});

test("a redirect leads to another host, with the path asked for", async () => {
  await using other = await startTestRegistry({ repositories });
  await withFault({ type: "redirect", to: `http://${other.host}{path}` }, async (origin) => {
    expect((await fetch(origin + blob)).url).toBe(`http://${other.host}${blob}`);
  });
  expect(other.requests.map(({ path }) => path)).toEqual([blob]);
});

test("a fault that answers happens before authorisation is looked at", async () => {
  const auth = { type: "bearer", usesPerToken: 1 } as const;
  const faults: FaultRule[] = [{ kind: "blob", times: 2, fault: { type: "status", status: 503 } }];
  await using registry = await startTestRegistry({ repositories, auth, faults });
  const origin = `http://${registry.host}`;
  const { token } = (await (await fetch(`${origin}/token`)).json()) as { token: string };
  const get = async () => (await fetch(origin + blob, { headers: { authorization: `Bearer ${token}` } })).status;
  expect([await get(), await get(), await get(), await get()]).toEqual([503, 503, 200, 401]);
});
