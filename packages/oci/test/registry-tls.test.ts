import { mkdir, writeFile } from "node:fs/promises";
import { type DockerRegistry, makeCertificates, startDockerRegistry } from "@a3s/testing";
import { expect, test } from "vitest";
import type { TlsOptions } from "../src/registry/tls-settings.ts";
import { fetchImage, image, pushImage } from "./registry-setting.ts";
import { scratch } from "./scratch.ts";

const { digest } = image.descriptor;
const { ca: clientCa, client } = await makeCertificates();
const { ca: strangersCa, client: stranger } = await makeCertificates();

type Fetch = (tls: (registry: DockerRegistry) => Readonly<Record<string, TlsOptions>>) => Promise<string>;

/** A real registry that speaks TLS. */
async function withRegistry(tls: true | { readonly clientCa: string }, use: (fetch: Fetch) => Promise<void>) {
  await using files = await scratch();
  await using registry = await startDockerRegistry({ tls });
  await mkdir(files.path("certs"));
  await writeFile(files.path("certs", "ca.crt"), registry.ca);
  await writeFile(files.path("certs", "client.cert"), client.cert);
  await writeFile(files.path("certs", "client.key"), client.key);
  const name = `${registry.host}/a:one`;
  await pushImage(files, name, ["--dest-cert-dir", files.path("certs")]);
  await use((settings) => fetchImage(name, { tls: settings(registry), retry: { tries: 2 } }));
}

test("an authority is trusted for the host and port, for the host, and for all hosts beside others", () =>
  withRegistry(true, async (fetch) => {
    expect(await fetch(({ host, ca }) => ({ [host]: { ca } }))).toBe(digest);
    expect(await fetch(({ ca }) => ({ "127.0.0.1": { ca: [strangersCa, ca] } }))).toBe(digest);
    expect(await fetch(({ host, ca }) => ({ "*": { ca }, [host]: { ca: strangersCa } }))).toBe(digest);
  }));

test("REGISTRY_UNREACHABLE: an authority that nobody has named", () =>
  withRegistry(true, async (fetch) => {
    const hint =
      "The host's certificate is not trusted by this machine; name its authority in tls if it is the right one.";
    for (const tls of [{}, { ca: strangersCa }]) {
      const fetching = fetch(({ host }) => ({ [host]: tls }));
      await expect(fetching).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE", hint });
    }
  }));

test("a client certificate is shown to the host that it is for", () =>
  withRegistry({ clientCa }, async (fetch) => {
    expect(await fetch(({ host, ca }) => ({ [host]: { ca, ...client } }))).toBe(digest);
  }));

test.each([
  ["none", {}],
  ["a stranger's", stranger],
])("REGISTRY_UNREACHABLE: %s where a client certificate is wanted", (_what, identity) =>
  withRegistry({ clientCa }, async (fetch) => {
    const fetching = fetch(({ host, ca }) => ({ [host]: { ca, ...identity } }));
    const hint = expect.stringContaining("whether the host wants a client certificate");
    await expect(fetching).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE", hint });
  }),
);

test("a client certificate for another port is not shown", () =>
  withRegistry({ clientCa }, async (fetch) => {
    const fetching = fetch(({ ca }) => ({ "127.0.0.1": { ca }, "127.0.0.1:1": client }));
    await expect(fetching).rejects.toMatchObject({ code: "REGISTRY_UNREACHABLE" });
  }));
