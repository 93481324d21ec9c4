import { once } from "node:events";
import { createServer as createHttpServer } from "node:http";
import type { AddressInfo } from "node:net";
import { createServer, type Server, type Socket } from "node:net";
import { startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { pull } from "../src/pull/pull.ts";
import { parseReference } from "../src/reference/reference.ts";
import { RegistryTransport } from "../src/registry/registry-transport.ts";
import { scratch } from "./scratch.ts";

const layers = [1, 2, 3, 4, 5, 6].map((n) => testLayer([{ type: "file", path: `f${n}`, content: `${n}` }]));
const image = testImage({ layers });
const retry = { tries: 2, firstDelayMs: 1, stallTimeoutMs: 200 };

async function listen(server: Server) {
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("error", () => {}).on("close", () => sockets.delete(socket));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    sockets,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, "close");
    },
  };
}

const silent = () => createServer((socket) => void socket.resume());

test.each([
  ["TLS", (host: string) => ({ tls: { [host]: {} } }), (host: string) => host],
  ["a proxy's tunnel", (host: string) => ({ proxy: { https: `http://${host}` } }), () => "registry.example.com"],
  [
    "a proxy",
    (host: string) => ({ proxy: { http: `http://${host}` }, insecureRegistries: ["registry.example.com"] }),
    () => "registry.example.com",
  ],
])("%s that never gets on ends the wait and leaves no connection", async (_what, options, registry) => {
  await using server = await listen(silent());
  const started = performance.now();
  {
    await using transport = new RegistryTransport(parseReference(`${registry(server.host)}/a:one`), {
      environment: {},
      retry,
      ...options(server.host),
    });
    await expect(transport.rootManifest({})).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  }
  expect(performance.now() - started).toBeLessThan(5000);
  await expect.poll(() => server.sockets.size).toBe(0);
});

test.each([
  ["TLS", (host: string) => ({ tls: { [host]: {} } }), (host: string) => host],
  ["a proxy's tunnel", (host: string) => ({ proxy: { https: `http://${host}` } }), () => "registry.example.com"],
])("%s that never gets on is left at once by an abort, without a connection left", async (_what, options, registry) => {
  await using server = await listen(silent());
  const controller = new AbortController();
  const reason = new Error("stop");
  const started = performance.now();
  {
    await using transport = new RegistryTransport(parseReference(`${registry(server.host)}/a:one`), {
      environment: {},
      ...options(server.host),
    });
    const asked = transport.rootManifest({ signal: controller.signal });
    await Promise.race([asked.catch(() => {}), expect.poll(() => server.sockets.size).toBe(1)]);
    controller.abort(reason);
    await expect(asked).rejects.toBe(reason);
  }
  expect(performance.now() - started).toBeLessThan(3000);
  await expect.poll(() => server.sockets.size).toBe(0);
});

test("one signal serves any number of pulls without a warning or a listener left", async () => {
  const warnings: Error[] = [];
  const note = (warning: Error) => warnings.push(warning);
  process.on("warning", note);
  await using files = await scratch();
  await using registry = await startTestRegistry({ repositories: { a: { one: image } }, auth: { type: "bearer" } });
  const { signal } = new AbortController();
  let listening = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  const added = new Set<unknown>();
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    added.add(args[1]);
    listening = Math.max(listening, added.size);
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    added.delete(args[1]);
    remove(...args);
  };
  const one = async (n: number) => {
    const store = await files.store(`store${n}`);
    await pull(`${registry.host}/a:one`, { store, signal, environment: {} });
  };
  await Promise.all(Array.from({ length: 20 }, (_, n) => one(n)));
  for (let n = 0; n < 80; n++) await one(n % 20);
  await new Promise((resolve) => setImmediate(resolve));
  process.off("warning", note);
  expect(warnings).toEqual([]);
  expect(listening).toBeGreaterThan(10);
  expect(added.size).toBe(0);
});

/** Answers a header at once and then a byte now and then, for ever. */
async function dripping(everyMs: number) {
  const timers = new Set<NodeJS.Timeout>();
  const server = createHttpServer((_request, response) => {
    response.writeHead(200, { "content-type": image.descriptor.mediaType });
    const timer = setInterval(() => response.write(" "), everyMs);
    timers.add(timer);
    response.on("close", () => clearInterval(timer));
  });
  return listen(server);
}

test("a registry that sends a byte now and then is as good as silent", async () => {
  await using server = await dripping(20);
  await using transport = new RegistryTransport(parseReference(`${server.host}/a:one`), { environment: {}, retry });
  await expect(transport.rootManifest({ signal: AbortSignal.timeout(5000) })).rejects.toMatchObject({
    code: "REGISTRY_UNREACHABLE",
  });
});
