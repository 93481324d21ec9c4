import { expect, test } from "vitest";
import { testImage } from "../image/image.ts";
import type { TestRegistryAuth } from "./gate.ts";
import { startTestRegistry } from "./test-registry.ts";

async function withToken(
  auth: Partial<TestRegistryAuth>,
  query: string,
  use: (send: (method: string, path: string) => Promise<Response>, token: Record<string, unknown>) => Promise<void>,
) {
  const repositories = { a: { one: testImage() }, b: { one: testImage() } };
  await using registry = await startTestRegistry({
    repositories,
    auth: { type: "bearer", ...auth } as TestRegistryAuth,
  });
  const origin = `http://${registry.host}`;
  const answer = (await (await fetch(`${origin}/token?${query}`)).json()) as Record<string, unknown>;
  const headers = { authorization: `Bearer ${answer["token"]}` };
  await use((method, path) => fetch(`${origin}/v2/${path}`, { method, headers }), answer);
}

test("a token is good for the scopes that it was asked for with, and the challenge names the one needed", () =>
  withToken({}, "scope=repository:a:pull,push&scope=repository:b:pull", async (send) => {
    expect((await send("GET", "a/manifests/one")).status).toBe(200);
    expect((await send("POST", "a/blobs/uploads/")).status).toBe(202);
    expect((await send("GET", "b/manifests/one")).status).toBe(200);
    const refused = await send("POST", "b/blobs/uploads/");
    expect(refused.status).toBe(401);
    expect(refused.headers.get("www-authenticate")).toContain('scope="repository:b:pull,push"');
  }));

test.each([
  ["repository:b:pull,push repository:a:pull", 201],
  ["repository:b:pull,push", 202],
])("with the scope %s a mount from another repository is answered with %i", (scope, status) =>
  withToken({}, `scope=${encodeURIComponent(scope)}`, async (send) => {
    const { digest } = testImage().configDescriptor;
    expect((await send("POST", `b/blobs/uploads/?mount=${digest}&from=a`)).status).toBe(status);
  }),
);

test("a token ends after its time, which the answer says", async () => {
  await withToken({ secondsPerToken: 60 }, "", async (send, { expires_in }) => {
    expect(expires_in).toBe(60);
    expect((await send("GET", "a/manifests/one")).status).toBe(200);
  });
  await withToken({ secondsPerToken: 0 }, "", async (send) => {
    expect((await send("GET", "a/manifests/one")).status).toBe(401);
  });
});
