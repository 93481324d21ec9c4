import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { kvmUsable } from "./usable.ts";

/**
 * `with-kvm CMD ARGS...`: runs a command where KVM can run guests: here when this machine's can, else in the emulated
 * KVM host. Output and exit code are the command's.
 */
const command = process.argv.slice(2);
const emulated = [process.execPath, fileURLToPath(new URL("main.ts", import.meta.url)), "run", "--"];
const [program, ...args] = (await kvmUsable()) ? command : [...emulated, ...command];
if (program === undefined) throw new Error("usage: with-kvm CMD ARGS...");

const child = spawn(program, args, { stdio: "inherit" });
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
const [code, signal] = (await once(child, "exit")) as [number | null, NodeJS.Signals | null];
if (signal !== null) process.stderr.write(`${program} was ended by ${signal}\n`);
process.exitCode = code ?? 1;
