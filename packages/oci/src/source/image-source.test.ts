import { expect, test } from "vitest";
import { formatImageSource, parseImageSource } from "./image-source.ts";

test.each([
  ["alpine", "docker.io/library/alpine:latest"],
  ["oci:3.22", "docker.io/library/oci:3.22"],
  ["oci:/a/b", "oci:/a/b"],
  ["oci:/a/b:tag", "oci:/a/b:tag"],
  ["oci-archive:./x.tar", `oci-archive:${process.cwd()}/x.tar`],
  ["docker-archive:/a.tar:docker.io/library/x:1", "docker-archive:/a.tar:docker.io/library/x:1"],
  ["oci:/a/../b:docker.io/library/x:1", "oci:/b:docker.io/library/x:1"],
  ["oci:.", `oci:${process.cwd()}`],
  ["oci:./x:t", `oci:${process.cwd()}/x:t`],
])("%s is %s", (input, expected) => {
  expect(formatImageSource(parseImageSource(input))).toBe(expected);
});

test.each([
  ["oci:/layout:docker.io/library/x:1", "oci", "/layout", "docker.io/library/x:1"],
  ["docker-archive:/a/b.tar:redis:7", "docker-archive", "/a/b.tar", "redis:7"],
])("%s splits at the first colon", (input, kind, path, tag) => {
  expect(parseImageSource(input)).toEqual({ kind, path, tag });
});

test.each(["oci:/a:", "oci:/a\0b", "oci:a/b"])("%j is refused", (input) => {
  expect(() => parseImageSource(input)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
});
