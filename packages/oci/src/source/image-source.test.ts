import { expect, test } from "vitest";
import { formatImageSource, parseImageSource } from "./image-source.ts";

test.each([
  ["alpine", "docker.io/library/alpine:latest"],
  ["oci:3.22", "docker.io/library/oci:3.22"],
  ["oci:/a/b", "oci:/a/b"],
  ["oci:/a/b:tag", "oci:/a/b:tag"],
  ["oci:/a:b/c", "oci:/a:b/c"],
  ["oci:/a/../b:docker.io/library/x:1", "oci:/b:docker.io/library/x:1"],
  ["oci:.", `oci:${process.cwd()}`],
  ["oci:./x:t", `oci:${process.cwd()}/x:t`],
])("%s is %s", (input, expected) => {
  expect(formatImageSource(parseImageSource(input))).toBe(expected);
});

test.each(["oci:/a:", "oci:/a\0b", "oci:a/b"])("%j is refused", (input) => {
  expect(() => parseImageSource(input)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
});
