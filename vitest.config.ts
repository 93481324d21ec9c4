import { defineConfig } from "vitest/config";

const soak = process.env["A3S_SOAK"] === "1";

/** Unit tests: everything that needs no VM. Tests that boot one are `*.vm.test.ts`, run by vitest.vm.config.ts. */
export default defineConfig({
  test: {
    include: ["packages/*/{src,test}/**/*.test.ts", "tools/**/*.test.ts"],
    exclude: ["**/*.vm.test.ts", "**/node_modules/**", "**/dist/**"],
    testTimeout: soak ? 600_000 : 20_000,
  },
});
