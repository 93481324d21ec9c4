import { defineConfig } from "vitest/config";

const soak = process.env["A3S_SOAK"] === "1";

/** Unit tests: everything that needs no VM. Tests that boot one are `*.vm.test.ts`, run by vitest.vm.config.ts. */
export default defineConfig({
  test: {
    include: ["packages/*/{src,test}/**/*.test.ts", "tools/**/*.test.ts"],
    exclude: ["**/*.vm.test.ts", "**/node_modules/**", "**/dist/**"],
    // No test may come by the credentials of whoever runs it.
    env: { DOCKER_CONFIG: "/nonexistent", DOCKER_AUTH_CONFIG: "", REGISTRY_AUTH_FILE: "" },
    testTimeout: soak ? 600_000 : 20_000,
  },
});
