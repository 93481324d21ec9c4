import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { buffer } from "node:stream/consumers";
import { setTimeout as later } from "node:timers/promises";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { collect } from "../../test/collect.ts";
import { RegistryClient } from "./client.ts";
import type { HttpRequest } from "./http.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
  /** Of the connection. */
  readonly port: number | undefined;
}

interface Server extends AsyncDisposable {
  readonly url: URL;
  readonly seen: readonly Seen[];
}

/** A server that notes what it gets before it answers. */
async function serve(answer: (seen: Seen, response: ServerResponse) => void): Promise<Server> {
  const seen: Seen[] = [];
  const server = createServer(async (request, response) => {
    const { method = "", url: path = "", headers } = request;
    const body = (await buffer(request)).toString();
    const last = { method, path, headers, body, port: request.socket.remotePort };
    seen.push(last);
    answer(last, response);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`),
    seen,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
    },
  };
}

const ok = (_seen: Seen, response: ServerResponse) => response.end("fine");

async function send(url: URL, request: Partial<HttpRequest> = {}, client = new RegistryClient({ environment: {} })) {
  await using own = client;
  await using answer = await own.send({ method: "GET", url, ...request });
  return { status: answer.status, url: answer.url.href, body: Buffer.concat(await collect(answer.body())).toString() };
}

async function* pieces(...texts: readonly string[]) {
  for (const text of texts) yield Buffer.from(text);
}

test.each(["POST", "PUT", "PATCH", "DELETE"] as const)("%s sends bytes, or what a function gives", async (method) => {
  await using server = await serve(ok);
  await send(server.url, { method, body: Buffer.from("bytes") });
  await send(server.url, { method, body: () => pieces("one", "two"), headers: { "content-length": "6" } });
  const sent = server.seen.map(({ body, headers }) => [body, headers["content-length"], headers["transfer-encoding"]]);
  expect(sent).toEqual([
    ["bytes", "5", undefined],
    ["onetwo", "6", undefined],
  ]);
});

test("a body without a length goes in chunks", async () => {
  await using server = await serve(ok);
  await send(server.url, { method: "PATCH", body: () => pieces("one", "two") });
  expect(server.seen[0]).toMatchObject({ body: "onetwo", headers: { "transfer-encoding": "chunked" } });
});

test("what the source of a body throws comes out as it is", async () => {
  await using server = await serve(ok);
  const fault = new Error("disk");
  const body = async function* () {
    yield Buffer.from("a");
    throw fault;
  };
  await expect(send(server.url, { method: "PUT", body, headers: { "content-length": "9" } })).rejects.toBe(fault);
});

test.each([
  ["GET", 301, true],
  ["HEAD", 303, true],
  ["POST", 302, false],
  ["PUT", 303, false],
  ["PUT", 307, true],
  ["PATCH", 308, true],
] as const)("%s follows %i: %s", async (method, status, followed) => {
  await using server = await serve(({ path }, response) => {
    if (path === "/") response.writeHead(status, { location: "/there" }).end("gone");
    else response.end();
  });
  const body = method === "GET" || method === "HEAD" ? undefined : Buffer.from("x");
  expect((await send(server.url, { method, body })).status).toBe(followed ? 200 : status);
  const expected = [{ method, path: "/", body: body === undefined ? "" : "x" }];
  if (followed) expected.push({ ...expected[0], path: "/there" } as (typeof expected)[0]);
  expect(server.seen).toMatchObject(expected);
});

test("a secret is not redirected to another origin", async () => {
  await using other = await serve(ok);
  await using server = await serve((_seen, response) => response.writeHead(307, { location: other.url.href }).end());
  const request = { method: "POST", body: Buffer.from("secret"), sameOrigin: true } as const;
  await expect(send(server.url, request)).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
  expect(other.seen).toEqual([]);
});

test("connections are used again, also after redirects and answers that nobody has read", async () => {
  await using server = await serve(({ path }, response) => {
    if (path === "/from") response.writeHead(307, { location: "/to" }).end("body");
    else response.end("x".repeat(1000));
  });
  await using client = new RegistryClient({ environment: {} });
  for (let request = 0; request < 10; request++) {
    await using answer = await client.send({ method: "GET", url: new URL("/from", server.url) });
    expect(answer.status).toBe(200);
  }
  expect(server.seen.length).toBe(20);
  // A connection is free again a tick after its answer has ended; by then the next request may have taken another.
  expect(new Set(server.seen.map(({ port }) => port)).size).toBeLessThanOrEqual(2);
});

test("an empty body has the length 0", async () => {
  await using server = await serve(ok);
  await send(server.url, { method: "PUT", body: new Uint8Array() });
  expect(server.seen[0]?.headers["content-length"]).toBe("0");
});

test("a slow source of a body is no stall, a server that takes nothing is", async () => {
  const client = () => new RegistryClient({ environment: {}, retry: { stallTimeoutMs: 100 } });
  const slow = async function* () {
    for (let piece = 0; piece < 3; piece++) {
      await later(150);
      yield Buffer.from("a");
    }
  };
  await using server = await serve(ok);
  expect((await send(server.url, { method: "PUT", body: slow }, client())).body).toBe("fine");

  const deaf = createServer(() => {});
  deaf.listen(0, "127.0.0.1");
  await once(deaf, "listening");
  const url = new URL(`http://127.0.0.1:${(deaf.address() as AddressInfo).port}/`);
  const body = Buffer.alloc(64 * 1024 * 1024);
  await expect(send(url, { method: "PUT", body }, client())).rejects.toThrow(
    "nothing, or hardly anything, came for 100 ms",
  );
  deaf.close();
  deaf.closeAllConnections();
});

test("a client that has ended sends nothing, and is not tried again", async () => {
  await using server = await serve(ok);
  const client = new RegistryClient({ environment: {} });
  await (await client.send({ method: "GET", url: server.url }))[Symbol.asyncDispose]();
  await client[Symbol.asyncDispose]();
  const late = client.send({ method: "GET", url: server.url });
  await expect(late).rejects.toMatchObject({ name: "OciError", code: "REGISTRY_UNREACHABLE" });
  expect(server.seen.length).toBe(1);
});

test("disposing a client fails what is under way", async () => {
  await using server = await serve((_seen, response) => response.write("a"));
  const client = new RegistryClient({ environment: {} });
  const answer = await client.send({ method: "GET", url: server.url });
  const reading = collect(answer.body());
  await client[Symbol.asyncDispose]();
  await expect(reading).rejects.toMatchObject({ name: "OciError", code: "REGISTRY_UNREACHABLE" });
});

test.each([
  ["http://user:hunter2@example.com/blob?X-Amz-Signature=hunter2#hunter2", '"http://example.com/blob"'],
  ["http://[hunter2", "something that is no address"],
])("of a redirect that is refused, to %s, no secret is told", async (location, shown) => {
  await using server = await serve((_seen, response) => response.writeHead(302, { location }).end());
  const error = await send(server.url).catch((reason: Error) => reason);
  expect(error).toMatchObject({ code: "REGISTRY_PROTOCOL", message: expect.stringContaining(shown) });
  expect(inspect(error)).not.toContain("hunter2");
});

test("a time without end for silence is no time of none", async () => {
  await using server = await serve(async (_seen, response) => {
    await later(20);
    response.end("fine");
  });
  const client = new RegistryClient({ environment: {}, retry: { stallTimeoutMs: Number.POSITIVE_INFINITY } });
  expect(await send(server.url, {}, client)).toMatchObject({ body: "fine" });
});
