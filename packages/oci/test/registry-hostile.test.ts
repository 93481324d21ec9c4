import { once } from "node:events";
import { readdir } from "node:fs/promises";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { pull } from "../src/pull/pull.ts";
import { scratch } from "./scratch.ts";

const image = testImage({ layers: [testLayer([{ type: "file", path: "a", content: "a" }])] });
const bytes = image.blobs.get(image.descriptor.digest) ?? Buffer.alloc(0);
const type = `Content-Type: ${image.descriptor.mediaType}`;

type Send = (socket: Socket) => void;

function answer(status: string, headers: readonly string[] = [], body: string | Uint8Array = ""): Send {
  const head = [`HTTP/1.1 ${status}`, ...headers, "", ""].join("\r\n");
  return (socket) => void socket.write(Buffer.concat([Buffer.from(head), Buffer.from(body)]));
}

/** The same piece as long as the other side takes it. */
function forEver(start: string, piece: string): Send {
  return (socket) => {
    const more = () => {
      while (socket.writable && socket.write(piece));
    };
    socket.write(start);
    socket.on("drain", more);
    more();
  };
}

const manifest = answer("200 OK", [type, `Content-Length: ${bytes.length}`], bytes);
const empty = "Content-Length: 0";
const chunked = "Transfer-Encoding: chunked";
const nest = `${"[".repeat(2_000_000)}${"]".repeat(2_000_000)}`;

/** How a registry answers for manifests and for blobs, and what becomes of the pull. */
const cases: readonly [string, string, Send, Send?][] = [
  ["headers without end", "REGISTRY_UNREACHABLE", forEver("HTTP/1.1 200 OK\r\n", `X: ${"x".repeat(1000)}\r\n`)],
  ["status 100 without end", "REGISTRY_UNREACHABLE", forEver("", "HTTP/1.1 100 Continue\r\n\r\n")],
  ["a chunk extension without end", "REGISTRY_UNREACHABLE", forEver(`HTTP/1.1 200 OK\r\n${chunked}\r\n\r\n1;`, "xxxx")],
  [
    "an error without end",
    "REGISTRY_DENIED",
    forEver(`HTTP/1.1 403 No\r\n${chunked}\r\n\r\n`, `3e8\r\n${"x".repeat(1000)}\r\n`),
  ],
  ["status 101", "REGISTRY_UNREACHABLE", answer("101 Switching", ["Upgrade: x", "Connection: upgrade"])],
  ["status 204", "REGISTRY_PROTOCOL", answer("204 No Content")],
  ["status 206", "REGISTRY_PROTOCOL", answer("206 Partial Content", [type, "Content-Length: 2"], "{}")],
  ["status 000", "REGISTRY_UNREACHABLE", answer("000 Odd", [empty])],
  ["a negative length", "REGISTRY_UNREACHABLE", answer("200 OK", [type, "Content-Length: -5"], bytes)],
  ["two lengths", "REGISTRY_UNREACHABLE", answer("200 OK", [type, "Content-Length: 5", "Content-Length: 6"], bytes)],
  ["a length and chunks", "REGISTRY_UNREACHABLE", answer("200 OK", [type, "Content-Length: 9", chunked], "0\r\n\r\n")],
  ["a huge length", "MANIFEST_INVALID", answer("200 OK", [type, `Content-Length: ${"9".repeat(17)}`], bytes)],
  ["no HTTP", "REGISTRY_UNREACHABLE", (socket) => void socket.write("\0\u0001\u0002".repeat(1000))],
  ["a reset", "REGISTRY_UNREACHABLE", (socket) => void socket.resetAndDestroy()],
  ["a redirect to itself", "REGISTRY_PROTOCOL", answer("302 Found", ["Location: /again", empty])],
  ["a redirect to a file", "REGISTRY_PROTOCOL", answer("302 Found", ["Location: file:///etc/passwd", empty])],
  ["a redirect inside", "REGISTRY_PROTOCOL", answer("302 Found", ["Location: http://169.254.169.254/", empty])],
  ["brackets", "MANIFEST_INVALID", answer("200 OK", [type, `Content-Length: ${nest.length}`], nest)],
  ["a blob of status 204", "REGISTRY_PROTOCOL", manifest, answer("204 No Content")],
  ["a blob of status 206", "REGISTRY_PROTOCOL", manifest, answer("206 Partial", ["Content-Length: 1"], "a")],
  ["an empty blob", "REGISTRY_UNREACHABLE", manifest, answer("200 OK", [empty])],
  [
    "a blob without end",
    "BLOB_MISMATCH",
    manifest,
    forEver(`HTTP/1.1 200 OK\r\n${chunked}\r\n\r\n`, `3e8\r\n${"x".repeat(1000)}\r\n`),
  ],
];

test.each(cases)(
  "of a registry that answers %s a pull ends with %s, and leaves nothing",
  async (_what, code, ...sends) => {
    const [forManifest, forBlob = forManifest] = sends;
    const server = createServer((socket) => {
      socket.on("error", () => {});
      let asked = "";
      socket.on("data", (data) => {
        asked += data.toString("latin1");
        for (let end = asked.indexOf("\r\n\r\n"); end >= 0; end = asked.indexOf("\r\n\r\n")) {
          const send = asked.includes("/blobs/") ? forBlob : forManifest;
          asked = asked.slice(end + 4);
          send(socket);
        }
      });
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    await using files = await scratch();
    const store = await files.store();
    const retry = { tries: 2, firstDelayMs: 1, stallTimeoutMs: 300 };
    const name = `127.0.0.1:${(server.address() as AddressInfo).port}/a:one`;
    await expect(pull(name, { store, environment: {}, retry })).rejects.toMatchObject({ code });
    // It ends when all connections have, so that this waits for ever if the pull left one.
    server.close();
    await once(server, "close");
    expect(await store.list()).toEqual([]);
    expect(await readdir(files.path("store", "ingest"))).toEqual([]);
    expect(await readdir(files.path("store", "leases")).catch(() => [])).toEqual([]);
  },
);
