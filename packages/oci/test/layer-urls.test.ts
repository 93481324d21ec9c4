import { once } from "node:events";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { makeCertificates, startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { pull } from "../src/pull/pull.ts";
import { scratch } from "./scratch.ts";

const mediaType = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip";
const layer = testLayer([{ type: "file", path: "a", content: "a" }], { mediaType });
const platform = { os: "windows", architecture: "amd64" };

/** An HTTPS server that gives everybody the layer. */
async function publisher(bytes: Uint8Array = layer.bytes) {
  const { ca, server: pair } = await makeCertificates();
  const seen: (string | undefined)[] = [];
  const server = createServer(pair, (request, response) => {
    seen.push(request.headers.authorization);
    response.end(bytes);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const tls = { [host]: { ca } };
  return {
    url: `https://${host}/layer`,
    tls,
    seen,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** An image whose layer its registry lacks. */
function windowsImage(url: string) {
  const descriptor = { mediaType, digest: layer.digest, size: layer.bytes.length, urls: [url] };
  const image = testImage({ layers: [layer], platform, manifest: { layers: [descriptor] } });
  return { ...image, blobs: new Map([...image.blobs].filter(([digest]) => digest !== layer.digest)) };
}

const user = { username: "u", password: "p" };

test("a layer that its registry may not hand out comes from the publisher, without credentials, when that is allowed", async () => {
  await using files = await scratch();
  await using server = await publisher();
  const auth = { type: "basic", ...user } as const;
  await using registry = await startTestRegistry({ repositories: { a: { one: windowsImage(server.url) } }, auth });
  const options = { store: await files.store(), platform, credentials: user, tls: server.tls };
  const refused = pull(`${registry.host}/a:one`, options);
  await expect(refused).rejects.toMatchObject({
    code: "BLOB_NOT_FOUND",
    hint: expect.stringContaining("followLayerUrls"),
  });
  expect(server.seen).toEqual([]);
  const image = await pull(`${registry.host}/a:one`, { ...options, followLayerUrls: true });
  expect(image.layers.map(({ descriptor }) => descriptor.digest)).toEqual([layer.digest]);
  expect(server.seen).toEqual([undefined]);
});

test("what the publisher sends is held against the digest", async () => {
  await using files = await scratch();
  await using server = await publisher(Buffer.alloc(layer.bytes.length));
  await using registry = await startTestRegistry({ repositories: { a: { one: windowsImage(server.url) } } });
  const options = { store: await files.store(), platform, tls: server.tls, followLayerUrls: true };
  await expect(pull(`${registry.host}/a:one`, options)).rejects.toMatchObject({ code: "BLOB_MISMATCH" });
});
