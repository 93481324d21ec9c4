import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";

const soak = process.env["A3S_SOAK"] === "1";

/**
 * Tests that boot real VMs. They mostly run in the emulated KVM host, where the repository is read-only and everything
 * takes 20 to 50 times longer: one worker, started once for all files, and limits to match.
 */
export default defineConfig({
  cacheDir: join(tmpdir(), "vitest-vm"),
  test: {
    // Node runs TypeScript by itself; Vite's transforms would take some 15 s of each emulated machine.
    experimental: { viteModuleRunner: false, nodeLoader: false },
    fsModuleCache: false,
    fsModuleCachePath: join(tmpdir(), "vitest-vm/modules"),
    include: ["packages/*/{src,test}/**/*.vm.test.ts"],
    passWithNoTests: false,
    pool: "forks",
    maxWorkers: 1,
    isolate: false,
    fileParallelism: false,
    testTimeout: soak ? 900_000 : 120_000,
    hookTimeout: 120_000,
    teardownTimeout: 60_000,
    coverage: { enabled: false },
  },
});
