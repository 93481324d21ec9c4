import { expect, test } from "vitest";
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
