import { expect, test } from "vitest";
import { keysOf, registryKey, serverOf } from "./registry-key.ts";

test.each([
  ["ghcr.io", "ghcr.io"],
  ["GHCR.io", "ghcr.io"],
  ["localhost:5000", "localhost:5000"],
  ["https://ghcr.io", "ghcr.io"],
  ["https://ghcr.io/", "ghcr.io"],
  ["http://reg.lan:5000/v2/", "reg.lan:5000"],
  ["https://ghcr.io/v1/", "ghcr.io"],
  ["https://ghcr.io/some/path", "ghcr.io"],
  ["ghcr.io/v2", "ghcr.io"],
  ["docker.io", "docker.io"],
  ["index.docker.io", "docker.io"],
  ["registry-1.docker.io", "docker.io"],
  ["https://index.docker.io/v1/", "docker.io"],
  ["docker.io/library", "docker.io/library"],
  ["reg.lan/team/app", "reg.lan/team/app"],
])("the key %s is spelled %s", (key, expected) => {
  expect(registryKey(key)).toBe(expected);
});

test("keys go from the repository up to its registry", () => {
  expect(keysOf({ registry: "reg.lan:5000", repository: "a/b/c" })).toEqual([
    "reg.lan:5000/a/b/c",
    "reg.lan:5000/a/b",
    "reg.lan:5000/a",
    "reg.lan:5000",
  ]);
});

test.each([
  ["docker.io", "https://index.docker.io/v1/"],
  ["ghcr.io", "ghcr.io"],
  ["localhost:5000", "localhost:5000"],
])("helpers know %s as %s", (registry, server) => {
  expect(serverOf(registry)).toBe(server);
});
