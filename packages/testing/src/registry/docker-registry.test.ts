import { once } from "node:events";
import { request } from "node:https";
import { expect, test } from "vitest";
import { makeCertificates } from "./certificates.ts";
import { startDockerRegistry } from "./docker-registry.ts";

test("starts a registry on a port of its own, answers the API, and ends", async () => {
  let url: string;
  {
    await using registry = await startDockerRegistry();
    url = `http://${registry.host}/v2/`;
    expect((await fetch(url)).status).toBe(200);
  }
  await expect(fetch(url)).rejects.toThrow();
});

test("says in one sentence that the binary is missing", async () => {
  await expect(startDockerRegistry({ binary: "no-such-registry" })).rejects.toThrow(
    "no-such-registry is not installed; run pnpm bootstrap, or install the Debian package docker-registry.",
  );
});

test("an aborted start leaves nothing", async () => {
  const reason = new Error("enough");
  await expect(startDockerRegistry({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});

test("lets in who knows the password", async () => {
  await using registry = await startDockerRegistry({ htpasswd: { username: "u", password: "p" } });
  const status = async (pair: string) => {
    const authorization = `Basic ${Buffer.from(pair).toString("base64")}`;
    return (await fetch(`http://${registry.host}/v2/`, { headers: { authorization } })).status;
  };
  expect([await status("u:p"), await status("u:x")]).toEqual([200, 401]);
});

test("speaks TLS by an authority of its own, to clients of an authority that is given", async () => {
  const { ca: clientCa, client } = await makeCertificates();
  await using registry = await startDockerRegistry({ tls: { clientCa } });
  const status = async (identity: object) => {
    const [answer] = await once(
      request(`https://${registry.host}/v2/`, { ca: registry.ca, ...identity }).end(),
      "response",
    );
    answer.resume();
    return answer.statusCode;
  };
  expect(await status(client)).toBe(200);
  await expect(status({})).rejects.toThrow("alert bad certificate");
});
