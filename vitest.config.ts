import { defineConfig } from "vitest/config";

/** Unit tests: everything that needs no VM. Tests that boot one are `*.vm.test.ts`, run by vitest.vm.config.ts. */
export default defineConfig({
  test: {
    include: ["packages/*/{src,test}/**/*.test.ts", "tools/**/*.test.ts"],
    exclude: ["**/*.vm.test.ts", "**/node_modules/**", "**/dist/**"],
    testTimeout: 20_000,
  },
});
