// Builds both binaries and puts them into the platform package. Cargo decides what is out of date, so running it again
// costs little. An argument names another platform than this machine's, as linux-arm64. Plain JavaScript: it runs before anything else
// is installed.

import { spawnSync } from "node:child_process";
import { chmodSync, copyFileSync, mkdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const native = dirname(fileURLToPath(import.meta.url));

/** By `process.platform`-`process.arch`. The cargo aliases are in .cargo/config.toml. */
const platforms = {
  "linux-x64": [
    { alias: "build-host", built: "target/release/vm-host", shipped: "npm/linux-x64/bin/vm-host" },
    {
      alias: "build-agent",
      built: "target/static/x86_64-unknown-linux-gnu/release/a3s-agent",
      shipped: "npm/linux-x64/guest/a3s-agent",
    },
  ],
  "linux-arm64": [
    {
      alias: "build-host-arm64",
      built: "target/aarch64-unknown-linux-gnu/release/vm-host",
      shipped: "npm/linux-arm64/bin/vm-host",
    },
    {
      alias: "build-agent-arm64",
      built: "target/static/aarch64-unknown-linux-gnu/release/a3s-agent",
      shipped: "npm/linux-arm64/guest/a3s-agent",
    },
  ],
};

function build(alias) {
  const { error, status, signal } = spawnSync("cargo", [alias], { cwd: native, stdio: "inherit" });
  if (error) throw new Error(`cargo could not be started: ${error.message}. Install Rust 1.88 or newer.`);
  if (status !== 0) throw new Error(`cargo ${alias} ended with ${signal ?? status}`);
}

function same(a, b) {
  try {
    return readFileSync(a).equals(readFileSync(b));
  } catch (error) {
    if (error.code === "ENOENT") return false;
    throw error;
  }
}

/** A running VM keeps the old file; nobody ever sees half of the new one. */
function ship(built, shipped) {
  if (same(built, shipped)) return false;
  mkdirSync(dirname(shipped), { recursive: true });
  const temporary = `${shipped}.${process.pid}.tmp`;
  try {
    copyFileSync(built, temporary);
    chmodSync(temporary, 0o755);
    renameSync(temporary, shipped);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  return true;
}

function main() {
  const platform = process.argv[2] ?? `${process.platform}-${process.arch}`;
  const binaries = platforms[platform];
  if (!binaries)
    throw new Error(`there is no native build for ${platform}; known: ${Object.keys(platforms).join(", ")}`);
  for (const { alias, built, shipped } of binaries) {
    build(alias);
    if (ship(join(native, built), join(native, shipped))) console.log(`native: ${shipped} is new`);
  }
}

try {
  main();
} catch (error) {
  console.error(`native/build: ${error.message}`);
  process.exitCode = 1;
}
