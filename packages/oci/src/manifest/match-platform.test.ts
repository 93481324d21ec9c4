import { expect, test } from "vitest";
import type { Descriptor } from "./descriptor.ts";
import { matchPlatform } from "./match-platform.ts";

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
