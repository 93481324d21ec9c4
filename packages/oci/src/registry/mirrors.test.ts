import { expect, test } from "vitest";
import { Mirrors } from "./mirrors.ts";

const redis = { registry: "docker.io", repository: "library/redis" };

test("places follow the order of the mirrors of that registry", () => {
  const mirrors = new Mirrors({
    "docker.io": ["mirror.example.com", "localhost:5000/hub-proxy", "cache/a/b"],
    "ghcr.io": ["other.example.com"],
  });
  expect(mirrors.placesOf(redis)).toEqual([
    { registry: "mirror.example.com", repository: "library/redis" },
    { registry: "localhost:5000", repository: "hub-proxy/library/redis" },
    { registry: "cache", repository: "a/b/library/redis" },
  ]);
  expect(mirrors.placesOf({ ...redis, registry: "quay.io" })).toEqual([]);
  expect(new Mirrors().placesOf(redis)).toEqual([]);
});

test.each([
  ["docker.io", "https://mirror.example.com"],
  ["docker.io", ""],
  ["docker.io", "mirror.example.com/"],
  ["docker.io", "mirror.example.com/Upper"],
  ["docker.io", "mirror.example.com/../x"],
  ["docker.io", "mirror.example.com:99999"],
  ["docker.io", "user@mirror.example.com"],
  ["docker.io", "mirror.example.com?x"],
  ["docker.io/library", "mirror.example.com"],
  ["https://docker.io", "mirror.example.com"],
])("REGISTRY_OPTIONS_INVALID: for %s the mirror %j", (registry, mirror) => {
  expect(() => new Mirrors({ [registry]: [mirror] })).toThrow(
    expect.objectContaining({ code: "REGISTRY_OPTIONS_INVALID" }),
  );
});

test("a mirror with a password in its address is refused without repeating it", () => {
  expect(() => new Mirrors({ "docker.io": ["https://user:hunter2@mirror.example.com"] })).toThrow(/^(?!.*hunter2)/s);
});
