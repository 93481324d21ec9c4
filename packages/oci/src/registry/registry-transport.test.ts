import { startTestRegistry, type TestRegistryAuth, testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { collect } from "../../test/collect.ts";
import type { Credentials } from "../credentials/credentials.ts";
import { parseReference } from "../reference/reference.ts";
import { RegistryTransport } from "./registry-transport.ts";
import { DEFAULT_RETRY_POLICY } from "./retry.ts";

const layer = testLayer([{ type: "file", path: "a", content: "x".repeat(3000) }]);
const image = testImage({ layers: [layer] });
const repositories = { a: { one: image } };
const descriptor = { mediaType: layer.mediaType, digest: layer.digest, size: layer.bytes.length };
const user = { username: "u", password: "p:ä" };

function transport(host: string, credentials?: Credentials): RegistryTransport {
  const retry = { ...DEFAULT_RETRY_POLICY, firstDelayMs: 1 };
  return new RegistryTransport(parseReference(`${host}/a:one`), { credentials, environment: {}, retry });
}

async function statusOf(auth: TestRegistryAuth, credentials?: Credentials): Promise<string> {
  await using registry = await startTestRegistry({ repositories, auth });
  try {
    return (await transport(registry.host, credentials).rootManifest({})).digest;
  } catch (error) {
    return (error as { code: string }).code;
  }
}

test.each<[string, TestRegistryAuth, Credentials | undefined, string]>([
  ["anonymous Bearer", { type: "bearer" }, undefined, image.descriptor.digest],
  ["Bearer with credentials", { type: "bearer", ...user }, user, image.descriptor.digest],
  ["Bearer without the credentials it needs", { type: "bearer", ...user }, undefined, "REGISTRY_DENIED"],
  ["Bearer with wrong ones", { type: "bearer", ...user }, { ...user, password: "x" }, "REGISTRY_DENIED"],
  ["Basic", { type: "basic", ...user }, user, image.descriptor.digest],
  ["Basic without credentials", { type: "basic", ...user }, undefined, "REGISTRY_DENIED"],
  ["Basic with wrong ones", { type: "basic", ...user }, { ...user, password: "x" }, "REGISTRY_DENIED"],
])("%s", async (_what, auth, credentials, expected) => {
  expect(await statusOf(auth, credentials)).toBe(expected);
});

test("one token serves many requests, asked for with scope and service", async () => {
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer" } });
  const source = transport(registry.host);
  await source.rootManifest({});
  await Promise.all([1, 2, 3].map(() => collect(source.blob(descriptor, {}))));
  const tokens = registry.requests.filter(({ kind }) => kind === "token");
  expect(tokens.map(({ path }) => path)).toEqual(["/token?service=test&scope=repository%3Aa%3Apull"]);
});

test("a token that expires between requests is renewed", async () => {
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer", usesPerToken: 1 } });
  const source = transport(registry.host);
  await source.rootManifest({});
  expect((await collect(source.blob(descriptor, {}))).length).toBeGreaterThan(0);
  expect(registry.requests.filter(({ kind }) => kind === "token").length).toBe(2);
});

test("a redirect to another origin does not take the authorisation along", async () => {
  await using other = await startTestRegistry({ repositories });
  const faults = [{ kind: "blob", fault: { type: "redirect", to: `http://${other.host}{path}` } }] as const;
  await using registry = await startTestRegistry({ repositories, auth: { type: "basic", ...user }, faults });
  const source = transport(registry.host, user);
  await source.rootManifest({});
  expect(Buffer.concat(await collect(source.blob(descriptor, {})))).toEqual(Buffer.from(layer.bytes));
  expect(registry.requests.at(-1)?.headers.authorization).toMatch(/^Basic /);
  expect(other.requests.map(({ headers }) => headers.authorization)).toEqual([undefined]);
});

test.each([
  ["a realm on plain HTTP", 'Bearer realm="http://192.0.2.1/token"'],
  ["a realm that is no URL", 'Bearer realm="token"'],
  ["a realm that is a file", 'Bearer realm="file:///etc/passwd"'],
  ["no known scheme", "Negotiate"],
])("REGISTRY_PROTOCOL: %s", async (_what, challenge) => {
  const fault = { type: "status", status: 401, headers: { "www-authenticate": challenge } } as const;
  await using registry = await startTestRegistry({ repositories, faults: [{ fault }] });
  await expect(transport(registry.host, user).rootManifest({})).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
});

test.each([
  ["an HTML page", { type: "html" }],
  ["no token", { type: "status", status: 200, body: "{}" }],
  ["a token with a line break", { type: "status", status: 200, body: '{"token":"a\\r\\nx: y"}' }],
  ["a huge answer", { type: "lengthen", bytes: 1 << 20 }],
] as const)("REGISTRY_PROTOCOL: the token endpoint answers %s", async (_what, fault) => {
  const faults = [{ kind: "token", fault }] as const;
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer" }, faults });
  await expect(transport(registry.host).rootManifest({})).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
});

test("what the registry says about a failure is passed on without control characters", async () => {
  const body = JSON.stringify({ errors: [{ code: "X", message: "go \u001b[31maway" }] });
  const faults = [{ fault: { type: "status", status: 403, body } }] as const;
  await using registry = await startTestRegistry({ repositories, faults });
  await expect(transport(registry.host).rootManifest({})).rejects.toThrow("status 403: go  [31maway");
});

test("HEAD without a digest or without support leaves the answer to GET", async () => {
  const silent = { method: "HEAD", fault: { type: "headers", headers: { "docker-content-digest": null } } } as const;
  const unsupported = { method: "HEAD", fault: { type: "status", status: 405 } } as const;
  for (const fault of [silent, unsupported]) {
    await using registry = await startTestRegistry({ repositories, faults: [fault] });
    expect(await transport(registry.host).rootDigest({})).toBeUndefined();
  }
});

test("a registry that cannot be reached is named, with the reason", async () => {
  const registry = await startTestRegistry({ repositories });
  await registry[Symbol.asyncDispose]();
  await expect(transport(registry.host).rootManifest({})).rejects.toMatchObject({
    code: "REGISTRY_UNREACHABLE",
    message: `Talking to ${registry.host} failed: ECONNREFUSED`,
  });
});
