import { expect, test } from "vitest";
import { digestOf } from "../image/blob.ts";
import { testImage } from "../image/image.ts";
import { startTestRegistry, type TestRegistry } from "./test-registry.ts";

const image = testImage();
const type = image.descriptor.mediaType;
const repositories = { a: { one: image } };
const { mediaType, digest, size } = image.descriptor;
const signature = testImage({
  manifest: {
    subject: { mediaType, digest, size },
    artifactType: "application/x.signature",
    annotations: { by: "me" },
  },
});

function put(registry: TestRegistry, name: string, bytes: Uint8Array, contentType = type): Promise<Response> {
  const init = { method: "PUT", body: Buffer.from(bytes), headers: { "content-type": contentType } };
  return fetch(`http://${registry.host}/v2/a/manifests/${name}`, init);
}

function bytesOf(content: typeof image): Uint8Array {
  return content.blobs.get(content.descriptor.digest) ?? Buffer.of();
}

test("takes a manifest under a tag and under its digest", async () => {
  await using registry = await startTestRegistry({ repositories });
  const bytes = bytesOf(signature);
  const answer = await put(registry, "two", bytes);
  expect([answer.status, answer.headers.get("docker-content-digest")]).toEqual([201, digestOf(bytes)]);
  expect(answer.headers.get("oci-subject")).toBe(digest);
  expect((await put(registry, digestOf(bytes, "sha512"), bytes)).status).toBe(201);
  expect(registry.content.manifest("a", "two")).toEqual({ mediaType: type, digest: digestOf(bytes), bytes });
  expect(registry.content.tags("a")).toEqual(["one", "two"]);
  const pulled = await fetch(`http://${registry.host}/v2/a/manifests/two`);
  expect(pulled.headers.get("content-type")).toBe(type);
  expect(Buffer.from(await pulled.arrayBuffer()).equals(bytes)).toBe(true);
});

test.each([
  ["of another digest", `sha256:${"0".repeat(64)}`, bytesOf(image), type, "DIGEST_INVALID"],
  ["of another type", "two", bytesOf(image), "application/json", "MANIFEST_INVALID"],
  ["that is none", "two", Buffer.from("{}"), type, "MANIFEST_INVALID"],
  ["whose parts are missing", "two", bytesOf(testImage({ config: { Cmd: ["x"] } })), type, "MANIFEST_BLOB_UNKNOWN"],
])("refuses a manifest %s", async (_what, name, bytes, contentType, code) => {
  await using registry = await startTestRegistry({ repositories });
  const answer = await put(registry, name, bytes, contentType);
  expect(answer.status).toBe(400);
  expect(await answer.json()).toMatchObject({ errors: [{ code }] });
});

test("lists the manifests that a manifest is the subject of, pushed and given, by type", async () => {
  await using registry = await startTestRegistry({ repositories: { a: { one: image, signed: signature } } });
  const other = testImage({ manifest: { subject: { mediaType, digest, size }, artifactType: "application/x.other" } });
  await put(registry, "other", bytesOf(other));
  const address = `http://${registry.host}/v2/a/referrers/${digest}`;
  const all = (await (await fetch(address)).json()) as { manifests: unknown[] };
  expect(all.manifests.length).toBe(2);
  const some = await fetch(`${address}?artifactType=application%2Fx.signature`);
  expect(some.headers.get("oci-filters-applied")).toBe("artifactType");
  expect(some.headers.get("content-type")).toBe("application/vnd.oci.image.index.v1+json");
  const { digest: found, size: length } = signature.descriptor;
  const entry = {
    mediaType,
    digest: found,
    size: length,
    artifactType: "application/x.signature",
    annotations: { by: "me" },
  };
  expect(await some.json()).toEqual({
    schemaVersion: 2,
    mediaType: some.headers.get("content-type"),
    manifests: [entry],
  });
  expect(registry.requests.at(-1)?.kind).toBe("referrers");
});

test("without referrers it answers 404 and names no subject", async () => {
  await using registry = await startTestRegistry({ repositories, referrers: false });
  expect((await put(registry, "two", bytesOf(signature))).headers.get("oci-subject")).toBeNull();
  expect((await fetch(`http://${registry.host}/v2/a/referrers/${digest}`)).status).toBe(404);
});
