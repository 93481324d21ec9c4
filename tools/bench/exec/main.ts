import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** bench:exec [MIB [ROUNDS]], the part outside: compiles the yardstick, then measures where KVM can run guests. */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cache = here("../../../.cache/bench");
await mkdir(cache, { recursive: true });
const peer = join(cache, "peer");
await promisify(execFile)("cc", ["-O2", "-Wall", "-static", "-o", `${peer}.${process.pid}`, here("peer.c")]);
await rename(`${peer}.${process.pid}`, peer);

const args = [here("../../kvm-host/with-kvm.ts"), process.execPath, here("measure.ts"), peer, ...process.argv.slice(2)];
const child = spawn(process.execPath, args, { stdio: "inherit" });
const [code] = (await once(child, "exit")) as [number | null];
process.exitCode = code ?? 1;
