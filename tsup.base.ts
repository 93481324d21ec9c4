import { defineConfig, type Options } from "tsup";

/** One build shape for every package: ESM for Node, type declarations beside it, source maps. */
export function packageBuild(options: Options = {}) {
  return defineConfig({
    entry: ["src/index.ts"],
    format: ["esm"],
    target: "node22",
    platform: "node",
    // What only our own code may call is no part of what a package promises.
    dts: { compilerOptions: { stripInternal: true } },
    sourcemap: true,
    clean: true,
    splitting: false,
    ...options,
  });
}
