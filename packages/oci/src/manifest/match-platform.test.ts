import { expect, test } from "vitest";
import type { Descriptor } from "./descriptor.ts";
import { formatPlatform, matchPlatform } from "./match-platform.ts";

function parse(text: string) {
  const [os = "", architecture = "", variant] = text.split("/");
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}

function entry(text: string, position: number): Descriptor {
  const digest = `sha256:${String(position).padStart(64, "0")}` as const;
  return { mediaType: "a/b", digest, size: 1, ...(text === "" ? {} : { platform: parse(text) }) };
}

test.each([
  ["linux/amd64", ["linux/arm64", "linux/amd64"], 1],
  ["linux/amd64", ["linux/amd64/v2", "linux/amd64"], 1],
  ["linux/amd64", ["linux/amd64/v2"], undefined],
  ["linux/amd64/v3", ["linux/amd64", "linux/amd64/v2", "linux/amd64/v4"], 1],
  ["linux/arm64", ["linux/arm64/v8"], 0],
  ["linux/arm64/v8", ["linux/arm64"], 0],
  ["linux/arm", ["linux/arm/v5", "linux/arm/v6", "linux/arm/v7"], 2],
  ["linux/arm/v6", ["linux/arm/v7", "linux/arm/v5"], 1],
  ["linux/arm/v5", ["linux/arm"], undefined],
  ["linux/amd64", ["windows/amd64", "unknown/unknown"], undefined],
  ["linux/amd64", ["linux/amd64", "linux/amd64"], 0],
  ["linux/amd64", [""], 0],
  ["linux/amd64", ["", "linux/amd64"], 1],
  ["linux/amd64", ["", ""], undefined],
  ["linux/amd64", [], undefined],
  ["linux/riscv64", ["linux/riscv64"], 0],
])("%s out of %j is number %s", (wanted, offered, expected) => {
  const entries = offered.map(entry);
  expect(matchPlatform(parse(wanted), entries)).toBe(expected === undefined ? undefined : entries[expected]);
});

test.each([
  ["10.0.20348.2159", ["10.0.17763.1", "10.0.20348.1"], 1],
  ["10.0.20348", ["10.0.20348.1"], 0],
  ["10.0.20348.2", [undefined, "10.0.20348.1", "10.0.20348.2"], 2],
  ["10.0.20348.2", ["10.0.17763.1", undefined], 1],
  ["10.0.20348.2", ["10.0.17763.1"], undefined],
  [undefined, ["10.0.17763.1", undefined], 0],
])("Windows %s out of %j is number %s", (wanted, offered, expected) => {
  const windows = { os: "windows", architecture: "amd64" };
  const entries = offered.map((version, position) => ({
    ...entry("", position),
    platform: { ...windows, ...(version === undefined ? {} : { "os.version": version }) },
  }));
  const platform = { ...windows, ...(wanted === undefined ? {} : { osVersion: wanted }) };
  expect(matchPlatform(platform, entries)).toBe(expected === undefined ? undefined : entries[expected]);
});

test.each([
  ["linux/amd64", { os: "linux", architecture: "amd64" }],
  ["linux/arm/v7", { os: "linux", architecture: "arm", variant: "v7" }],
  ["windows(10.0.20348)/amd64", { os: "windows", architecture: "amd64", osVersion: "10.0.20348" }],
])("%s is how a platform is written", (text, platform) => {
  expect(formatPlatform(platform)).toBe(text);
});
