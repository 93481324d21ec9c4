import { createHash, randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { startTestRegistry, type TestRegistryOptions } from "./test-registry.ts";

const bytes = randomBytes(1000);
const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`;

interface Client {
  readonly registry: Awaited<ReturnType<typeof startTestRegistry>>;
  /** The upload's address, as the last answer gave it. */
  location: string;
  send(method: string, path?: string, init?: RequestInit): Promise<Response>;
  patch(start: number, end: number): Promise<Response>;
}

async function withUpload(options: TestRegistryOptions, use: (client: Client) => Promise<void>): Promise<void> {
  await using registry = await startTestRegistry(options);
  const client: Client = {
    registry,
    location: "/v2/a/blobs/uploads/",
    async send(method, path = client.location, init = {}) {
      const answer = await fetch(new URL(path, `http://${registry.host}`), { method, ...init });
      client.location = answer.headers.get("location") ?? client.location;
      return answer;
    },
    patch: (start, end) =>
      client.send("PATCH", client.location, {
        body: bytes.subarray(start, end),
        headers: { "content-range": `${start}-${end - 1}` },
      }),
  };
  expect((await client.send("POST")).status).toBe(202);
  await use(client);
}

test("takes a blob in chunks and says how far it got", () =>
  withUpload({}, async ({ registry, send, patch }) => {
    expect((await patch(0, 400)).headers.get("range")).toBe("0-399");
    const gap = await patch(500, 1000);
    expect([gap.status, gap.headers.get("range")]).toEqual([416, "0-399"]);
    const status = await send("GET");
    expect([status.status, status.headers.get("range")]).toEqual([204, "0-399"]);
    expect((await patch(400, 1000)).status).toBe(202);
    expect((await fetch(`http://${registry.host}/v2/a/blobs/${digest}`)).status).toBe(404);
    const done = await send("PUT", `${(await send("GET")).headers.get("location")}&digest=${digest}`);
    expect([done.status, done.headers.get("docker-content-digest")]).toEqual([201, digest]);
    expect(registry.content.blob("a", digest)).toEqual(bytes);
    expect(registry.openUploads).toBe(0);
    const head = await fetch(`http://${registry.host}/v2/a/blobs/${digest}`, { method: "HEAD" });
    expect([head.status, head.headers.get("content-length")]).toEqual([200, "1000"]);
  }));

test("takes a blob with the last request", () =>
  withUpload({ uploads: { absoluteLocations: true } }, async (client) => {
    expect(client.location).toContain(client.registry.host);
    expect((await client.send("PUT", `${client.location}&digest=${digest}`, { body: bytes })).status).toBe(201);
    expect(client.registry.content.blob("a", digest)).toEqual(bytes);
  }));

test("refuses another digest and forgets the upload", () =>
  withUpload({}, async (client) => {
    await client.patch(0, 999);
    expect((await client.send("PUT", `${client.location}&digest=${digest}`)).status).toBe(400);
    expect(client.registry.openUploads).toBe(0);
    expect(client.registry.content.blob("a", digest)).toBeUndefined();
  }));

test("forgets an upload that is deleted", () =>
  withUpload({}, async (client) => {
    expect((await client.send("DELETE")).status).toBe(204);
    expect((await client.patch(0, 400)).status).toBe(404);
  }));

test("wants the query of its locations back", () =>
  withUpload({}, async (client) => {
    expect((await client.send("GET", client.location.split("?")[0])).status).toBe(404);
  }));

test.each([
  [true, 201],
  [false, 202],
])("with mounts %s it answers a mount with %i", (mounts, status) =>
  withUpload({ uploads: { mounts } }, async (client) => {
    await client.send("PUT", `${client.location}&digest=${digest}`, { body: bytes });
    const mount = await client.send("POST", `/v2/b/blobs/uploads/?mount=${digest}&from=a`);
    expect(mount.status).toBe(status);
    expect(client.registry.content.blob("b", digest)).toEqual(mounts ? bytes : undefined);
    const unknown = await client.send("POST", `/v2/b/blobs/uploads/?mount=${digest}&from=c`);
    expect(unknown.status).toBe(202);
  }),
);

test("refuses chunks that are too short, unless it is the last one", () =>
  withUpload({ uploads: { minChunkBytes: 400 } }, async (client) => {
    expect((await client.patch(0, 400)).status).toBe(202);
    expect((await client.patch(400, 500)).status).toBe(202);
    expect((await client.patch(500, 1000)).status).toBe(400);
  }));

test("keeps what came before a connection broke", async () => {
  const faults = [{ kind: "upload", method: "PATCH", times: 1, fault: { type: "cut", afterBytes: 300 } }] as const;
  await withUpload({ faults }, async (client) => {
    await expect(client.patch(0, 1000)).rejects.toThrow();
    expect((await client.send("GET")).headers.get("range")).toBe("0-299");
  });
});

test("forgets an upload when it is told to", async () => {
  await withUpload({ faults: [{ kind: "upload", method: "PATCH", fault: { type: "forget" } }] }, async (client) => {
    expect((await client.patch(0, 1000)).status).toBe(404);
    expect(client.registry.openUploads).toBe(0);
  });
});
