import { type DockerRegistry, startDockerRegistry, startTestRegistry } from "@a3s/testing";
import { expect, test } from "vitest";
import type { CredentialsOption } from "../src/credentials/find-credentials.ts";
import { type HelperEnvironment, helperEnvironment } from "./credential-helpers.ts";
import { fetchImage, image, pushImage } from "./registry-setting.ts";
import { scratch } from "./scratch.ts";

const user = { username: "u", password: "p:ä" };
const { digest } = image.descriptor;

interface Setting extends HelperEnvironment {
  readonly registry: DockerRegistry;
  fetch(credentials?: CredentialsOption): Promise<string>;
}

/** A real registry that wants a password. */
async function withRegistry(use: (setting: Setting) => Promise<void>): Promise<void> {
  await using files = await scratch();
  await using registry = await startDockerRegistry({ htpasswd: user });
  const name = `${registry.host}/team/app:one`;
  await pushImage(files, name, ["--dest-tls-verify=false", "--dest-creds", `${user.username}:${user.password}`]);
  const helpers = await helperEnvironment(files);
  const { environment } = helpers;
  await use({ ...helpers, registry, fetch: (credentials) => fetchImage(name, { credentials, environment }) });
}

const encoded = Buffer.from(`${user.username}:${user.password}`).toString("base64");

test("credentials are given as a value or by a function, which is asked once", () =>
  withRegistry(async ({ registry, fetch }) => {
    expect(await fetch(user)).toBe(digest);
    const asked: string[] = [];
    const source = async (host: string) => {
      asked.push(host);
      return user;
    };
    expect(await fetch(source)).toBe(digest);
    expect(asked).toEqual([registry.host]);
  }));

test("what a function for credentials throws comes out as it is", () =>
  withRegistry(async ({ fetch }) => {
    const fault = new Error("vault is sealed");
    await expect(fetch(() => Promise.reject(fault))).rejects.toBe(fault);
  }));

test("credentials in Docker's configuration are found, anonymous pulls do not use them", () =>
  withRegistry(async ({ registry, configure, fetch }) => {
    await expect(fetch()).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
    await configure({ auths: { [`https://${registry.host}/v1/`]: { auth: encoded } } });
    expect(await fetch()).toBe(digest);
    await expect(fetch("anonymous")).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
  }));

test("those of a namespace go before those of the host", () =>
  withRegistry(async ({ registry, configure, fetch }) => {
    const wrong = { username: "u", password: "wrong" };
    await configure({ auths: { [registry.host]: wrong, [`${registry.host}/team`]: { auth: encoded } } });
    expect(await fetch()).toBe(digest);
    await configure({ auths: { [registry.host]: { auth: encoded }, [`${registry.host}/team`]: wrong } });
    await expect(fetch()).rejects.toMatchObject({ code: "REGISTRY_DENIED" });
  }));

test("a credential helper is run once for a pull", () =>
  withRegistry(async ({ registry, configure, install, asked, fetch }) => {
    await install("test", `echo '${JSON.stringify({ Username: user.username, Secret: user.password })}'`);
    await configure({ credHelpers: { [registry.host]: "test" } });
    expect(await fetch()).toBe(digest);
    expect(await asked()).toEqual([registry.host]);
  }));

test("CREDENTIALS_UNAVAILABLE: a helper that fails", () =>
  withRegistry(async ({ configure, install, fetch }) => {
    await install("test", "echo the keychain is locked >&2; exit 1");
    await configure({ credsStore: "test" });
    await expect(fetch()).rejects.toMatchObject({
      code: "CREDENTIALS_UNAVAILABLE",
      message: "The credential helper docker-credential-test failed with 1: the keychain is locked",
    });
  }));

test("no helper is run for a registry that asks for nothing", async () => {
  await using files = await scratch();
  const { environment, configure, install, asked } = await helperEnvironment(files);
  await install("test", "exit 1");
  await configure({ credsStore: "test" });
  await using registry = await startTestRegistry({ repositories: { a: { one: image } } });
  expect(await fetchImage(`${registry.host}/a:one`, { environment })).toBe(digest);
  expect(await asked()).toEqual([]);
});
