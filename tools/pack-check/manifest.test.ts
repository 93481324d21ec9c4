import { expect, test } from "vitest";
import { isForThisMachine, projectManifest, smokeTests } from "./manifest.ts";

test("a project names one package and overrides the others by their tarballs", () => {
  const tarballs = new Map([
    ["@a3s/core", "/t/core.tgz"],
    ["@a3s/oci", "/t/oci.tgz"],
  ]);
  expect(projectManifest("@a3s/oci", tarballs)).toEqual({
    private: true,
    type: "module",
    dependencies: { "@a3s/oci": "file:/t/oci.tgz" },
    overrides: { "@a3s/core": "file:/t/core.tgz" },
  });
});

test("a library is imported, a command is asked for its help", () => {
  expect(smokeTests({ name: "@a3s/oci", exports: { ".": {} } })).toEqual([
    ["--input-type=module", "--eval", 'await import("@a3s/oci")'],
  ]);
  expect(smokeTests({ name: "@a3s/box-cli", exports: {}, bin: { "a3s-box": "./dist/main.js" } })).toEqual([
    ["node_modules/@a3s/box-cli/./dist/main.js", "--help"],
  ]);
});

test("a package for another architecture is not installed here", () => {
  expect(isForThisMachine({ name: "@a3s/core" })).toBe(true);
  expect(isForThisMachine({ name: "@a3s/native", cpu: [process.arch] })).toBe(true);
  expect(isForThisMachine({ name: "@a3s/native", cpu: ["s390x"] })).toBe(false);
});
