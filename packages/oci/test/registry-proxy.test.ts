import {
  startDockerRegistry,
  startTestProxy,
  startTestRegistry,
  type TestProxy,
  type TestProxyOptions,
  type TestRegistryOptions,
} from "@a3s/testing";
import { expect, test } from "vitest";
import type { RegistryOptions } from "../src/registry/client.ts";
import { fetchImage, image, pushImage } from "./registry-setting.ts";
import { scratch } from "./scratch.ts";

const { digest } = image.descriptor;
const credentials = { username: "u", password: "s3:cret" };

interface Setting {
  readonly proxy: TestProxy;
  fetch(options?: RegistryOptions): Promise<string>;
}

/** A registry in plain HTTP under a name that only the proxy knows. */
async function withPlain(
  options: TestProxyOptions & { readonly registry?: TestRegistryOptions },
  use: (setting: Setting) => Promise<void>,
): Promise<void> {
  await using registry = await startTestRegistry({ repositories: { a: { one: image } }, ...options.registry });
  await using proxy = await startTestProxy({ ...options, hosts: { "registry.test:80": registry.host } });
  const insecureRegistries = ["registry.test"];
  const environment = { HTTP_PROXY: `http://${proxy.host}` };
  await use({
    proxy,
    fetch: (more) => fetchImage("registry.test/a:one", { insecureRegistries, environment, ...more }),
  });
}

/** A real registry in TLS under a name that only the proxy knows. */
async function withTls(options: TestProxyOptions, use: (setting: Setting) => Promise<void>): Promise<void> {
  await using files = await scratch();
  await using registry = await startDockerRegistry({ tls: true });
  await pushImage(files, `${registry.host}/a:one`, ["--dest-tls-verify=false"]);
  const hosts = { "registry.test:443": registry.host, "other.test:443": registry.host };
  await using proxy = await startTestProxy({ ...options, hosts });
  const tls = { "*": { ca: registry.ca } };
  const environment = { HTTPS_PROXY: `http://${proxy.host}` };
  await use({ proxy, fetch: (more) => fetchImage("registry.test/a:one", { tls, environment, ...more }) });
}

test("plain HTTP goes through the proxy, tokens and blobs included", () =>
  withPlain({ registry: { auth: { type: "bearer" } } }, async ({ proxy, fetch }) => {
    expect(await fetch()).toBe(digest);
    const targets = proxy.requests.map(({ method, target }) => `${method} ${target.replace(/sha256.*|\?.*/, "")}`);
    expect(targets).toEqual([
      "GET http://registry.test/v2/a/manifests/one",
      "GET http://registry.test/token",
      "GET http://registry.test/v2/a/manifests/one",
      "GET http://registry.test/v2/a/blobs/",
    ]);
  }));

test("TLS goes through a tunnel, which is used again", () =>
  withTls({}, async ({ proxy, fetch }) => {
    expect(await fetch()).toBe(digest);
    expect(new Set(proxy.requests.map(({ method, target }) => `${method} ${target}`))).toEqual(
      new Set(["CONNECT registry.test:443"]),
    );
    expect(proxy.requests.length).toBeLessThanOrEqual(2);
  }));

test.each([
  ["plain HTTP", withPlain],
  ["TLS", withTls],
])("a proxy is shown its credentials, for %s", (_what, setting) =>
  setting({ credentials }, async ({ proxy, fetch }) => {
    const address = `http://u:s3%3Acret@${proxy.host}`;
    expect(await fetch({ proxy: { http: address, https: address } })).toBe(digest);
    expect(proxy.requests.every(({ allowed }) => allowed)).toBe(true);
  }),
);

test.each([
  ["plain HTTP", withPlain],
  ["TLS", withTls],
])("REGISTRY_UNREACHABLE: a proxy that wants other credentials, for %s", (_what, setting) =>
  setting({ credentials }, async ({ proxy, fetch }) => {
    for (const user of ["", "u:wrong@"]) {
      const address = `http://${user}${proxy.host}`;
      await expect(fetch({ proxy: { http: address, https: address } })).rejects.toMatchObject({
        code: "REGISTRY_UNREACHABLE",
        message: expect.stringMatching(
          /^The proxy 127\.0\.0\.1:\d+ answered status 407 when asked for registry\.test$/,
        ),
        hint: expect.stringContaining("The proxy asks for credentials"),
      });
    }
    expect(proxy.requests.length).toBe(2);
  }),
);

test("REGISTRY_UNREACHABLE: a proxy that cannot get there is asked again, one that will not is not", () =>
  withTls({ connectStatus: 502 }, async ({ proxy, fetch }) => {
    const message = `The proxy ${proxy.host} answered status 502 when asked for registry.test`;
    await expect(fetch({ retry: { tries: 3 } })).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE", message });
    expect(proxy.requests.length).toBe(3);
  }));

test("REGISTRY_UNREACHABLE: a proxy that will not", () =>
  withTls({ connectStatus: 403 }, async ({ proxy, fetch }) => {
    const hint = "Check the proxy, or name the host in NO_PROXY.";
    await expect(fetch()).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE", hint });
    expect(proxy.requests.length).toBe(1);
  }));

test.each(["http", "https"] as const)("REGISTRY_UNREACHABLE: a proxy that is not there, for %s", async (scheme) => {
  const proxy = await startTestProxy();
  await proxy[Symbol.asyncDispose]();
  const insecureRegistries = scheme === "http" ? ["registry.test"] : [];
  const options = { insecureRegistries, proxy: { [scheme]: `http://s3cret:x@${proxy.host}` }, retry: { tries: 2 } };
  await expect(fetchImage("registry.test/a:one", options)).rejects.toMatchObject({
    code: "REGISTRY_UNREACHABLE",
    message: `Talking to registry.test through the proxy ${proxy.host} failed: ECONNREFUSED`,
  });
});

test("REGISTRY_UNREACHABLE: a certificate for another name, behind a proxy", () =>
  withTls({}, async ({ proxy, fetch }) => {
    expect(await fetch()).toBe(digest);
    const tls = { "*": {} };
    await expect(fetch({ tls })).rejects.toMatchObject({
      code: "REGISTRY_UNREACHABLE",
      details: { proxy: proxy.host },
    });
    const wrong = fetchImage("other.test/a:one", { proxy: { https: proxy.host }, tls: {}, retry: { tries: 1 } });
    await expect(wrong).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  }));

test("the loopback, hosts in NO_PROXY and clients without proxies go straight", async () => {
  await using registry = await startTestRegistry({ repositories: { a: { one: image } } });
  await using proxy = await startTestProxy();
  const environment = { HTTP_PROXY: proxy.host, HTTPS_PROXY: proxy.host };
  expect(await fetchImage(`${registry.host}/a:one`, { environment })).toBe(digest);
  const straight = { insecureRegistries: ["registry.test"], retry: { tries: 1 } };
  for (const options of [{ proxy: false as const }, { environment: { ...environment, NO_PROXY: ".test" } }]) {
    const fetching = fetchImage("registry.test/a:one", { environment, ...straight, ...options });
    await expect(fetching).rejects.toMatchObject({
      message: expect.stringMatching(/^Talking to registry.test failed/),
    });
  }
  expect(proxy.requests).toEqual([]);
});
