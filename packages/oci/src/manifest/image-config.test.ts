import { expect, test } from "vitest";
import { parseImageConfig } from "./image-config.ts";

const digest = `sha256:${"0".repeat(64)}` as const;
const base = { os: "linux", architecture: "amd64", rootfs: { type: "layers", diff_ids: [digest] } };

function parse(value: unknown) {
  return parseImageConfig(Buffer.from(JSON.stringify(value)), digest);
}

test("an image without a config object has every default", () => {
  expect(parse(base)).toEqual({
    config: { entrypoint: [], cmd: [], env: [], workingDir: "/", user: "", exposedPorts: [], volumes: [], labels: {} },
    platform: { os: "linux", architecture: "amd64" },
    diffIds: [digest],
  });
});

test("null stands for absent everywhere, as Docker writes it", () => {
  const config = {
    Entrypoint: null,
    Cmd: null,
    Env: null,
    Labels: null,
    Volumes: null,
    ExposedPorts: null,
    User: null,
  };
  expect(parse({ ...base, variant: null, config })).toEqual(parse(base));
});

test("every field arrives", () => {
  const config = {
    Entrypoint: ["/e"],
    Cmd: ["a", ""],
    Env: ["A=1", "B=", "C=x=y", "NOVALUE", "=x"],
    WorkingDir: "/w",
    User: "1:2",
    ExposedPorts: { "80/tcp": {} },
    Volumes: { "/data": {} },
    StopSignal: "SIGRTMIN+3",
    Labels: { l: "v", __proto__x: "y" },
  };
  expect(parse({ ...base, variant: "v2", config })).toEqual({
    config: {
      entrypoint: ["/e"],
      cmd: ["a", ""],
      env: ["A=1", "B=", "C=x=y"],
      workingDir: "/w",
      user: "1:2",
      exposedPorts: ["80/tcp"],
      volumes: ["/data"],
      stopSignal: "SIGRTMIN+3",
      labels: { l: "v", __proto__x: "y" },
    },
    platform: { os: "linux", architecture: "amd64", variant: "v2" },
    diffIds: [digest],
  });
});

test.each([
  [
    { Test: ["CMD", "probe", "-q"], Interval: 1e9 },
    { test: ["probe", "-q"], intervalMs: 1000 },
  ],
  [
    { Test: ["CMD-SHELL", "a || b"], Interval: 0, Timeout: 5e8, StartPeriod: 1, Retries: 2 },
    { test: ["/bin/sh", "-c", "a || b"], timeoutMs: 500, startPeriodMs: 1, retries: 2 },
  ],
  [{ Test: ["NONE"] }, undefined],
  [{ Test: [], Interval: 1e9 }, undefined],
  [{ Test: ["CMD"] }, undefined],
  [{ Test: ["CMD-SHELL"] }, undefined],
  [{ Test: ["LATER", "x"] }, undefined],
  [null, undefined],
])("the health check %j is %j", (Healthcheck, expected) => {
  expect(parse({ ...base, config: { Healthcheck } }).config.healthcheck).toEqual(expected);
});

test("the build of Windows arrives", () => {
  const platform = { os: "windows", architecture: "amd64" };
  expect(parse({ ...base, ...platform, "os.version": "10.0.20348" }).platform).toEqual({
    ...platform,
    osVersion: "10.0.20348",
  });
});

test("a relative working directory is relative to the root", () => {
  expect(parse({ ...base, config: { WorkingDir: "app" } }).config.workingDir).toBe("/app");
});

test.each([
  ["no architecture", { ...base, architecture: undefined }],
  ["an empty os", { ...base, os: "" }],
  ["no rootfs", { ...base, rootfs: undefined }],
  ["a diff ID that is no digest", { ...base, rootfs: { type: "layers", diff_ids: ["../x"] } }],
  ["a NUL byte in an argument", { ...base, config: { Cmd: ["a\0b"] } }],
  ["a string as command", { ...base, config: { Cmd: "sh" } }],
  ["too many variables", { ...base, config: { Env: Array(5000).fill("A=1") } }],
  ["a variable longer than Linux takes", { ...base, config: { Env: [`A=${"x".repeat(200_000)}`] } }],
  ["a stop signal that is none", { ...base, config: { StopSignal: "; rm" } }],
])("MANIFEST_INVALID: %s", (_what, value) => {
  expect(() => parse(value)).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
});
