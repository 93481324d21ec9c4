import type { Digest } from "@a3s/core";
import { type FaultRule, startTestRegistry, type TestContent, testImage, testIndex } from "@a3s/testing";
import { expect, test } from "vitest";
import { parseReference } from "../reference/reference.ts";
import { RegistryTransport } from "./registry-transport.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const image = testImage();
const subject = image.descriptor.digest;
const entry = (number: number) => ({
  mediaType: "application/vnd.oci.image.manifest.v1+json",
  digest: `sha256:${String(number).padStart(64, "0")}`,
  size: number,
  artifactType: "application/vnd.example",
});
const page = (...numbers: readonly number[]) =>
  JSON.stringify({ schemaVersion: 2, mediaType: INDEX, manifests: numbers.map(entry) });

interface Setting {
  readonly faults?: readonly FaultRule[];
  readonly referrers?: boolean;
  readonly tags?: Readonly<Record<string, TestContent>>;
  readonly digest?: Digest;
}

async function list({ faults = [], referrers = true, tags = {}, digest = subject }: Setting) {
  const repositories = { a: { one: image, ...tags } };
  await using registry = await startTestRegistry({ repositories, faults, referrers });
  const options = { environment: {}, retry: { firstDelayMs: 1 } };
  await using transport = new RegistryTransport(parseReference(`${registry.host}/a:one`), options);
  const found = await transport.referrers(digest, {});
  return { found, paths: registry.requests.map(({ path }) => path) };
}

function answering(pages: Readonly<Record<string, { body: string; link?: string; type?: string }>>): FaultRule {
  return {
    kind: "referrers",
    fault: {
      type: "handler",
      handle(request, response) {
        const { body, link, type = INDEX } = pages[request.url?.split("?")[1] ?? ""] ?? { body: "" };
        response.writeHead(200, { "content-type": type, ...(link === undefined ? {} : { link }) }).end(body);
      },
    },
  };
}

test("what refers to an image is listed with its type and annotations", async () => {
  const signature = testImage({
    manifest: { subject: image.descriptor, artifactType: "a/b", annotations: { c: "d" } },
  });
  const { found } = await list({ tags: { signature } });
  const { digest } = signature.descriptor;
  expect(found).toMatchObject([{ digest, artifactType: "a/b", annotations: { c: "d" } }]);
});

test("an image that nothing refers to has no referrers", async () => {
  expect((await list({})).found).toEqual([]);
  expect((await list({ referrers: false })).found).toEqual([]);
});

test("pages are followed, by paths and addresses", async () => {
  const { found, paths } = await list({
    faults: [
      answering({
        "": { body: page(1, 2), link: `</v2/a/referrers/${subject}?n=2>; rel="next"` },
        "n=2": { body: page(3), link: `<?n=3>;rel=next` },
        "n=3": { body: page(4), link: `<?n=4>; rel="prev"` },
      }),
    ],
  });
  expect(found.map(({ size }) => size)).toEqual([1, 2, 3, 4]);
  expect(paths.map((path) => path.replace(`/v2/a/referrers/${subject}`, ""))).toEqual(["", "?n=2", "?n=3"]);
});

test("a fault that passes costs nothing", async () => {
  const fault = { type: "status", status: 503 } as const;
  const { found } = await list({
    faults: [{ kind: "referrers", times: 2, fault }, answering({ "": { body: page(1) } })],
  });
  expect(found.length).toBe(1);
});

test.each([404, 405, 501])("where the API is status %i, the tag is asked", async (status) => {
  const tags = { [subject.replace(":", "-")]: testIndex([testImage({ config: { Cmd: ["x"] } })]) };
  const faults = [{ kind: "referrers", fault: { type: "status", status } }] as const;
  expect((await list({ faults, tags })).found.length).toBe(1);
});

test("the tag of a long digest is cut to what a tag may have", async () => {
  const digest: Digest = `sha512:${"ab".repeat(64)}`;
  const tags = { [`sha512-${"ab".repeat(32)}`]: testIndex([image]) };
  expect((await list({ referrers: false, tags, digest })).found.length).toBe(1);
});

test("a tag that is an image by itself lists nothing", async () => {
  expect((await list({ referrers: false, tags: { [subject.replace(":", "-")]: image } })).found).toEqual([]);
});

test.each([
  ["another host's page", { body: page(1), link: '<http://127.0.0.1:1/>; rel="next"' }, "REGISTRY_PROTOCOL"],
  ["an endless list", { body: page(1), link: '<?>; rel="next"' }, "REGISTRY_PROTOCOL"],
  ["an HTML page", { body: "<html>", type: "text/html" }, "REGISTRY_PROTOCOL"],
  ["no JSON", { body: "{" }, "MANIFEST_INVALID"],
  ["an entry without a digest", { body: JSON.stringify({ schemaVersion: 2, manifests: [{}] }) }, "MANIFEST_INVALID"],
  ["a huge list", { body: " ".repeat(4 * 1024 * 1024 + 1) }, "MANIFEST_INVALID"],
])("refuses %s", async (_what, answer, code) => {
  await expect(list({ faults: [answering({ "": answer })] })).rejects.toMatchObject({ code });
});

test("REGISTRY_DENIED: 403", async () => {
  const faults = [{ kind: "referrers", fault: { type: "status", status: 403 } }] as const;
  await expect(list({ faults })).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
});
