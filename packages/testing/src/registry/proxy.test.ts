import { once } from "node:events";
import { type IncomingMessage, request } from "node:http";
import type { Socket } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { startTestProxy, type TestProxy, type TestProxyOptions } from "./proxy.ts";
import { startTestRegistry } from "./test-registry.ts";

const credentials = { username: "u", password: "p" };
const known = { "proxy-authorization": `Basic ${Buffer.from("u:p").toString("base64")}` };

/** The status of a connection through a proxy, and what a request over it answers. */
async function connectThrough({ host }: TestProxy, headers: Record<string, string> = {}) {
  const asked = request(`http://${host}`, { method: "CONNECT", path: "registry.test:80", headers }).end();
  const [{ statusCode }, socket] = (await once(asked, "connect")) as [IncomingMessage, Socket];
  if (statusCode === 200) socket.write("GET /v2/ HTTP/1.1\r\nhost: registry.test\r\nconnection: close\r\n\r\n");
  return { statusCode, answer: await text(socket) };
}

async function withProxy(options: TestProxyOptions, use: (proxy: TestProxy) => Promise<void>): Promise<void> {
  await using registry = await startTestRegistry();
  await using proxy = await startTestProxy({ ...options, hosts: { "registry.test:80": registry.host } });
  await use(proxy);
}

test("passes requests in plain HTTP on and notes them", () =>
  withProxy({}, async (proxy) => {
    const [answer] = await once(
      request(`http://${proxy.host}`, { path: "http://registry.test/v2/" }).end(),
      "response",
    );
    expect(await text(answer)).toBe("{}");
    expect(proxy.requests).toEqual([{ method: "GET", target: "http://registry.test/v2/", allowed: true }]);
  }));

test("makes connections and notes them", () =>
  withProxy({}, async (proxy) => {
    expect((await connectThrough(proxy)).answer).toContain("{}");
    expect(proxy.requests).toEqual([{ method: "CONNECT", target: "registry.test:80", allowed: true }]);
  }));

test.each<[string, TestProxyOptions, Record<string, string>, number]>([
  ["no credentials", { credentials }, {}, 407],
  ["credentials", { credentials }, known, 200],
  ["a status that it is told to answer", { connectStatus: 502 }, {}, 502],
])("answers a connection with %s by the right status", (_what, options, headers, status) =>
  withProxy(options, async (proxy) => {
    expect((await connectThrough(proxy, headers)).statusCode).toBe(status);
  }),
);

test("a host that cannot be reached is status 502", () =>
  withProxy({ hosts: {} }, async (proxy) => {
    const path = "http://127.0.0.1:1/v2/";
    const [answer] = await once(request(`http://${proxy.host}`, { path }).end(), "response");
    expect(answer.resume().statusCode).toBe(502);
  }));
