import { expect, test } from "vitest";
import { DEFAULT_BOOT_TIMEOUT_MS, parseBoxConfig } from "./box-config.ts";

test("an image alone is a configuration, with every default filled in", () => {
  expect(parseBoxConfig({ image: "alpine:3.22" })).toEqual({
    image: "alpine:3.22",
    vcpus: 2,
    memoryMib: 1024,
    readOnly: false,
    volumes: [],
    tmpfs: [],
    bootTimeoutMs: DEFAULT_BOOT_TIMEOUT_MS,
    stopGraceMs: 10_000,
  });
});

test.each([
  ["no image", {}, "image"],
  ["an empty image", { image: "" }, "image"],
  ["too many vCPUs", { image: "a", vcpus: 17 }, "vcpus"],
  ["a fraction of a vCPU", { image: "a", vcpus: 1.5 }, "vcpus"],
  ["too little memory", { image: "a", memoryMib: 64 }, "memoryMib"],
  ["memory that is no number", { image: "a", memoryMib: Number.NaN }, "memoryMib"],
  ["a disk without room for a file system", { image: "a", diskMib: 15 }, "diskMib"],
  ["a disk for a root that nobody writes to", { image: "a", diskMib: 64, readOnly: true }, "diskMib"],
  ["a host name with a dot", { image: "a", hostname: "a.b" }, "hostname"],
  ["a relative volume", { image: "a", volumes: [{ source: "./x", target: "/x" }] }, "volumes.0.source"],
  ["an unknown field", { image: "a", memory: 512 }, "memory"],
  ["no object", 7, "itself"],
])("%s is refused and named", (_, input, field) => {
  expect(() => parseBoxConfig(input)).toThrow(
    expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining(field) }),
  );
});
