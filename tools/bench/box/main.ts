import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { busyboxImage } from "../../images/busybox.ts";
import { compileBare } from "../boot/bare.ts";
import { benchLine } from "../report.ts";
import { listBoxes } from "./list-boxes.ts";

/** `bench:box [RUNS]`: boxes that stay, listed here; run, and taken from a pool, where KVM can run guests. */
const [runs = "5"] = process.argv.slice(2);
if (!/^[1-9]\d{0,3}$/.test(runs)) throw new Error(`the number of runs is ${runs}`);

process.stdout.write(`${benchLine("box", await listBoxes(Number(runs)))}\n\n`);

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const bare = await compileBare();
const { layout, tag } = await busyboxImage();
const args = [
  here("../../kvm-host/with-kvm.ts"),
  process.execPath,
  here("measure.ts"),
  bare,
  `oci:${layout}:${tag}`,
  runs,
];
const child = spawn(process.execPath, args, { stdio: "inherit" });
const [code] = (await once(child, "exit")) as [number | null];
process.exitCode = code ?? 1;
