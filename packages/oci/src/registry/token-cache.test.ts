import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { startTestRegistry, type TestRegistry, testImage, testLayer } from "@a3s/testing";
import { expect, test } from "vitest";
import { collect } from "../../test/collect.ts";
import { parseReference } from "../reference/reference.ts";
import { RegistryClient } from "./client.ts";
import { RegistryTransport } from "./registry-transport.ts";
import { RegistrySession } from "./session.ts";

const layer = testLayer(Buffer.alloc(3_000_000, 7), { compression: "none" });
const image = testImage({ layers: [layer] });
const repositories = { a: { one: image }, b: { one: image } };
const descriptor = { mediaType: layer.mediaType, digest: layer.digest, size: layer.bytes.length };
const retry = { firstDelayMs: 1 };

function tokens(registry: TestRegistry): readonly string[] {
  return registry.requests.filter(({ kind }) => kind === "token").map(({ path }) => path);
}

test("transports of one client share tokens, by scope", async () => {
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer" } });
  await using client = new RegistryClient({ environment: {} });
  for (const name of ["a", "a", "b", "a"]) {
    const transport = new RegistryTransport(parseReference(`${registry.host}/${name}:one`), client);
    expect((await transport.rootManifest({})).digest).toBe(image.descriptor.digest);
  }
  expect(tokens(registry)).toEqual(["a", "b"].map((name) => `/token?service=test&scope=repository%3A${name}%3Apull`));
});

test("a session that pushes and mounts asks for all of its scopes", async () => {
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer" } });
  await using client = new RegistryClient({ environment: {} });
  const place = { registry: registry.host, repository: "b" };
  const session = new RegistrySession(client, place, { actions: "pull,push", readFrom: ["a"] });
  await using answer = await session.send({ method: "POST", path: `blobs/uploads/?mount=${layer.digest}&from=a` });
  expect(answer.status).toBe(201);
  expect(new URL(tokens(registry)[0] ?? "", "http://x").searchParams.getAll("scope")).toEqual([
    "repository:b:pull,push",
    "repository:a:pull",
  ]);
});

test("requests at the same time wait for one token", async () => {
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer" } });
  await using transport = new RegistryTransport(parseReference(`${registry.host}/a:one`), { environment: {} });
  await Promise.all([1, 2, 3, 4].map(() => transport.rootManifest({})));
  expect(tokens(registry).length).toBe(1);
});

test("a token is renewed before it ends, so that only the first request is refused", async () => {
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer", secondsPerToken: 1 } });
  await using transport = new RegistryTransport(parseReference(`${registry.host}/a:one`), { environment: {} });
  const until = performance.now() + 1500;
  let calls = 0;
  for (; performance.now() < until; calls++) await transport.rootManifest({});
  expect(tokens(registry).length).toBe(2);
  expect(registry.requests.filter(({ kind }) => kind === "manifest").length).toBe(calls + 1);
});

test("a pull goes on when its token ends in the middle, also after a broken connection", async () => {
  const auth = { type: "bearer", usesPerToken: 1 } as const;
  const faults = [{ kind: "blob", times: 3, fault: { type: "truncate", afterBytes: 500_000 } }] as const;
  await using registry = await startTestRegistry({ repositories, auth, faults });
  const name = parseReference(`${registry.host}/a:one`);
  await using transport = new RegistryTransport(name, { environment: {}, retry });
  await transport.rootManifest({});
  expect(Buffer.concat(await collect(transport.blob(descriptor, {}))).equals(layer.bytes)).toBe(true);
});

test("an identity token is exchanged by POST, and never leaves the token service", async () => {
  const forms: string[] = [];
  await using registry = await startTestRegistry({
    repositories,
    auth: { type: "bearer", username: "nobody", password: "x" },
    faults: [
      {
        kind: "token",
        fault: {
          type: "handler",
          async handle(request, response) {
            forms.push(`${request.method} ${Buffer.concat(await Array.fromAsync(request))}`);
            response.end(JSON.stringify({ access_token: "exchanged" }));
          },
        },
      },
      { kind: "manifest", after: 1, fault: { type: "status", status: 418 } },
    ],
  });
  const options = { environment: {}, credentials: { identityToken: "re+fresh" } };
  await using transport = new RegistryTransport(parseReference(`${registry.host}/a:one`), options);
  await expect(transport.rootManifest({})).rejects.toMatchObject({ code: "REGISTRY_PROTOCOL" });
  expect(forms).toEqual([
    "POST grant_type=refresh_token&client_id=a3s-box&refresh_token=re%2Bfresh&scope=repository%3Aa%3Apull&service=test",
  ]);
  expect(registry.requests.at(-1)?.headers.authorization).toBe("Bearer exchanged");
  expect(JSON.stringify(registry.requests.map(({ headers, path }) => [headers, path]))).not.toContain("fresh");
});

test("a registry token is shown as it is, without a token service", async () => {
  await using registry = await startTestRegistry({ repositories, auth: { type: "bearer" } });
  const options = { environment: {}, credentials: { registryToken: "mine" } };
  await using transport = new RegistryTransport(parseReference(`${registry.host}/a:one`), options);
  await expect(transport.rootManifest({})).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
  expect(registry.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, "Bearer mine"]);
});

test("a registry that names another one's token service does not get the other one's token", async () => {
  const auth = { type: "bearer", username: "u", password: "good" } as const;
  await using registry = await startTestRegistry({ repositories, auth });
  const shown: (string | undefined)[] = [];
  const thief = createServer((request, response) => {
    shown.push(request.headers.authorization);
    const challenge = `Bearer realm="http://${registry.host}/token",service="test"`;
    response.writeHead(401, { "www-authenticate": challenge }).end();
  });
  thief.listen(0, "127.0.0.1");
  await once(thief, "listening");
  const host = `127.0.0.1:${(thief.address() as AddressInfo).port}`;
  const credentials = async (name: string) => ({ username: "u", password: name === registry.host ? "good" : "bad" });
  await using client = new RegistryClient({ environment: {}, credentials, retry });
  const of = (name: string) => new RegistryTransport(parseReference(`${name}/a:one`), client);
  await of(registry.host).rootManifest({});
  await expect(of(host).rootManifest({})).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
  thief.close();
  thief.closeAllConnections();
  expect(shown).toEqual([undefined]);
});
