import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { beforeEach, expect, onTestFinished, test } from "vitest";
import { program } from "./command.ts";
import { emptyImage, homeForEach } from "./command-home.ts";
import { jsonOf } from "./json-output.ts";

const at = homeForEach();
const { a3sBox } = at;
let image: string;
beforeEach(async () => {
  image = await emptyImage(at, {
    Healthcheck: { Test: ["CMD-SHELL", "probe"], Interval: 5e9 },
  });
});

/** `a3s-box supervise`, which has begun. */
async function supervise(...flags: readonly string[]) {
  const args = ["--", program, "supervise", ...flags];
  const child = spawn(process.execPath, args, {
    env: { ...process.env, A3S_HOME: at.home },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const exited = once(child, "exit");
  onTestFinished(() => void child.kill("SIGKILL"));
  const { value } = await createInterface(child.stdout)[Symbol.asyncIterator]().next();
  return {
    first: value as string,
    async end(signal: NodeJS.Signals): Promise<unknown> {
      child.kill(signal);
      return (await exited)[0];
    },
  };
}

const inspect = async (box: string) => jsonOf("inspect", await a3sBox("inspect", box))[0];
const create = (...flags: readonly string[]) => a3sBox("create", ...flags, image, "serve");

test.each(["SIGINT", "SIGTERM"] as const)(
  "a home has one supervisor, which says so and ends with %s",
  async (signal) => {
    const supervisor = await supervise("--json");
    expect(jsonOf("supervise", { code: 0, stderr: "", stdout: supervisor.first })).toMatchObject({
      deed: "began",
      home: at.home,
    });
    expect(await a3sBox("supervise")).toMatchObject({
      code: 1,
      stdout: "",
      stderr: expect.stringMatching(/\[SUPERVISOR_RUNNING\]/),
    });
    expect(await supervisor.end(signal)).toBe(0);
    const next = await supervise();
    expect(next.first).toMatch(/^\d{4}-\S+Z a3s-box: looks after the boxes in \//);
    expect(await next.end(signal)).toBe(0);
  },
);

test("what needs a supervisor is said to be out of force without one", async () => {
  expect(await create("--name", "plain")).toMatchObject({ code: 0, stderr: "" });
  expect(await create("--name", "kept", "--restart", "always", "--lifetime", "1h")).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("not in force"),
  });
  const config = { restart: "always", lifetimeMs: 3_600_000 };
  expect(await inspect("kept")).toMatchObject({ supervised: false, restarts: 0, config });
  const supervisor = await supervise();
  expect(await create("--name", "safe", "--restart", "always")).toMatchObject({ code: 0, stderr: "" });
  expect(await inspect("kept")).toMatchObject({ supervised: true });
  await supervisor.end("SIGTERM");
});

test("a box has the health check of its image, of its flags, or none", async () => {
  await create("--name", "image");
  expect((await inspect("image"))?.config["healthCheck"]).toMatchObject({
    ...{ test: ["/bin/sh", "-c", "probe"], intervalMs: 5000, retries: 3 },
  });
  await create("--name", "flags", "--health-cmd", "mine", "--health-interval", "1m", "--health-retries", "1");
  expect((await inspect("flags"))?.config["healthCheck"]).toMatchObject({
    ...{ test: ["/bin/sh", "-c", "mine"], intervalMs: 60_000, retries: 1 },
  });
  await create("--name", "merged", "--health-retries", "7");
  expect((await inspect("merged"))?.config["healthCheck"]).toMatchObject({
    ...{ test: ["/bin/sh", "-c", "probe"], intervalMs: 5000, retries: 7 },
  });
  expect(await create("--name", "none", "--no-healthcheck")).toMatchObject({ stderr: "" });
  expect((await inspect("none"))?.config["healthCheck"]).toMatchObject({ test: "none" });
});

test("what a supervisor does for boxes can be changed, and what is not given stays", async () => {
  await create("--name", "web", "--lifetime", "1h");
  expect(await a3sBox("update", "--restart", "always", "web")).toMatchObject({ code: 0, stdout: "web\n" });
  const config = { restart: "always", lifetimeMs: 3_600_000, healthCheck: { intervalMs: 5000 } };
  expect((await inspect("web"))?.config).toMatchObject(config);
  const flags = ["--restart", "no", "--lifetime", "none", "--health-interval", "9s"];
  expect(await a3sBox("update", ...flags, "web")).toEqual({ code: 0, stdout: "web\n", stderr: "" });
  const changed = (await inspect("web"))?.config;
  expect(changed).toMatchObject({ restart: "no", healthCheck: { test: ["/bin/sh", "-c", "probe"], intervalMs: 9000 } });
  expect(changed).not.toHaveProperty("lifetimeMs");
  expect(await a3sBox("update", "web")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("nothing to change"),
  });
});

test.each([
  [["--rm", "--restart", "always"], "exclude each other"],
  [["--restart", "often"], "restart policy"],
  [["--lifetime", "soon"], "500ms, 30s or 1h30m"],
])("%j makes no sense", async (flags, text) => {
  expect(await create(...flags)).toMatchObject({ code: 125, stdout: "", stderr: expect.stringContaining(text) });
});
