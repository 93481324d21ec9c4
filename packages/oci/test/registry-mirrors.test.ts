import { type Fault, startTestRegistry, type TestRegistryOptions } from "@a3s/testing";
import { expect, test } from "vitest";
import { parseReference } from "../src/reference/reference.ts";
import { RegistryTransport } from "../src/registry/registry-transport.ts";
import { fetchImage, image, layer } from "./registry-setting.ts";

const { digest } = image.descriptor;
const user = { username: "u", password: "p" };
const repositories = { a: { one: image } };

async function deadHost(): Promise<string> {
  const registry = await startTestRegistry();
  await registry[Symbol.asyncDispose]();
  return registry.host;
}

test("a dead mirror and one without the image are passed over, and the good one gives all of it", async () => {
  const dead = await deadHost();
  await using lacking = await startTestRegistry();
  await using good = await startTestRegistry({ repositories: { "hub/a": { one: image } } });
  await using registry = await startTestRegistry({ repositories });
  const mirrors = { [registry.host]: [dead, lacking.host, `${good.host}/hub`] };
  expect(await fetchImage(`${registry.host}/a:one`, { mirrors })).toBe(digest);
  expect(lacking.requests.length).toBe(1);
  expect(good.requests.map(({ kind }) => kind)).toEqual(["manifest", "blob"]);
  expect(registry.requests).toEqual([]);
});

test.each<[string, Fault, number]>([
  ["denies", { type: "status", status: 403 }, 1],
  ["limits", { type: "status", status: 429, headers: { "retry-after": "1" } }, 1],
  ["fails", { type: "status", status: 503 }, 2],
  ["answers a login page", { type: "html" }, 1],
  ["answers another manifest", { type: "corrupt" }, 1],
  ["asks for what no client has", { type: "status", status: 401, headers: { "www-authenticate": "Negotiate" } }, 1],
  ["breaks off", { type: "truncate", afterBytes: 10 }, 2],
  ["redirects to HTTP", { type: "redirect", to: "http://192.0.2.1/" }, 1],
])("a mirror that %s is passed over, after few tries", async (_what, fault, tries) => {
  await using mirror = await startTestRegistry({ repositories, faults: [{ kind: "manifest", fault }] });
  await using registry = await startTestRegistry({ repositories });
  const mirrors = { [registry.host]: [mirror.host] };
  expect(await fetchImage(`${registry.host}/a@${digest}`, { mirrors })).toBe(digest);
  expect(mirror.requests.length).toBe(tries);
  expect(registry.requests.map(({ kind }) => kind)).toEqual(["manifest", "blob"]);
});

test("the registry goes on where a mirror broke off", async () => {
  const faults = [{ kind: "blob", fault: { type: "truncate", afterBytes: 1_000_000 } }] as const;
  await using mirror = await startTestRegistry({ repositories, faults });
  await using registry = await startTestRegistry({ repositories });
  expect(await fetchImage(`${registry.host}/a:one`, { mirrors: { [registry.host]: [mirror.host] } })).toBe(digest);
  const [rest] = registry.requests;
  expect(registry.requests.length).toBe(1);
  expect(Number(/^bytes=(\d+)-$/.exec(rest?.headers.range ?? "")?.[1])).toBeGreaterThan(0);
});

test("a mirror is not shown the credentials for the registry", async () => {
  const auth = { type: "basic", ...user } as const;
  await using mirror = await startTestRegistry({ repositories, auth });
  await using registry = await startTestRegistry({ repositories, auth });
  const mirrors = { [registry.host]: [mirror.host] };
  expect(await fetchImage(`${registry.host}/a:one`, { mirrors, credentials: user })).toBe(digest);
  expect(mirror.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test("a mirror has credentials of its own", async () => {
  await using mirror = await startTestRegistry({ repositories, auth: { type: "bearer", ...user } });
  await using registry = await startTestRegistry({ repositories });
  const mirrors = { [registry.host]: [mirror.host] };
  const environment = { DOCKER_AUTH_CONFIG: JSON.stringify({ auths: { [mirror.host]: user } }) };
  expect(await fetchImage(`${registry.host}/a:one`, { mirrors, environment })).toBe(digest);
  expect(registry.requests).toEqual([]);
});

test("when the registry fails too, the error is its own and tells of the mirrors", async () => {
  const dead = await deadHost();
  await using registry = await startTestRegistry();
  const fetching = fetchImage(`${registry.host}/a:one`, { mirrors: { [registry.host]: [dead] } });
  await expect(fetching).rejects.toMatchObject({
    code: "IMAGE_NOT_FOUND",
    message: expect.stringMatching(/^.* does not have .*\(mirrors failed before: .*ECONNREFUSED\)$/),
    details: { mirrors: [{ mirror: `${dead}/a`, code: "REGISTRY_UNREACHABLE" }] },
  });
});

test("an abort is no failure of a mirror", async () => {
  await using mirror = await startTestRegistry({ repositories });
  await using registry = await startTestRegistry({ repositories });
  const options = { environment: {}, mirrors: { [registry.host]: [mirror.host] } };
  await using transport = new RegistryTransport(parseReference(`${registry.host}/a:one`), options);
  const reason = new Error("enough");
  await expect(transport.rootManifest({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  expect((await transport.rootManifest({})).digest).toBe(digest);
  expect(registry.requests).toEqual([]);
});

test("tags and referrers that a mirror lacks are looked for further on, and the mirror stays in use", async () => {
  const options: TestRegistryOptions = { repositories: { a: { one: image, signature: image } } };
  await using mirror = await startTestRegistry({ repositories });
  await using registry = await startTestRegistry(options);
  const settings = { environment: {}, mirrors: { [registry.host]: [mirror.host] } };
  await using transport = new RegistryTransport(parseReference(`${registry.host}/a:one`), settings);
  expect((await transport.tagged("signature", {}))?.digest).toBe(digest);
  expect(await transport.tagged("none", {})).toBeUndefined();
  expect(await transport.referrers(digest, {})).toEqual([]);
  const before = registry.requests.length;
  await transport.rootManifest({});
  expect(registry.requests.length).toBe(before);
});

test("what a mirror makes of a blob does not pass", async () => {
  const faults = [{ kind: "blob", fault: { type: "corrupt" } }] as const;
  await using mirror = await startTestRegistry({ repositories, faults });
  await using registry = await startTestRegistry({ repositories });
  const fetching = fetchImage(`${registry.host}/a:one`, { mirrors: { [registry.host]: [mirror.host] } });
  await expect(fetching).rejects.toMatchObject({ code: "BLOB_MISMATCH", details: { digest: layer.digest } });
});
