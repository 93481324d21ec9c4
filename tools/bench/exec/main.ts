import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename } from "node:fs/promises";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/**
 * bench:exec [MIB [ROUNDS [VARIANT...]]], the part outside: compiles the yardstick, then measures where KVM can run guests. With variants,
 * which are AGENT or AGENT,VM_HOST with paths below this repository or the word `built`, it measures them against each other.
 */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cache = here("../../../.cache/bench");
await mkdir(cache, { recursive: true });
const peer = join(cache, "peer");
await promisify(execFile)("cc", ["-O2", "-Wall", "-static", "-o", `${peer}.${process.pid}`, here("peer.c")]);
await rename(`${peer}.${process.pid}`, peer);

const [mib, rounds, ...given] = process.argv.slice(2);
const absolute = (path: string) => (path === "built" ? path : resolve(path));
const variants = given.map((variant) => variant.split(",").map(absolute).join(","));
const program = variants.length > 0 ? "compare.ts" : "measure.ts";
const words = [mib, rounds, ...variants].filter((word) => word !== undefined);
const args = [here("../../kvm-host/with-kvm.ts"), process.execPath, here(program), peer, ...words];
const child = spawn(process.execPath, args, { stdio: "inherit" });
const [code] = (await once(child, "exit")) as [number | null];
process.exitCode = code ?? 1;
