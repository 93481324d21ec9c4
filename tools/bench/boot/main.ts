import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdir, rename } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { busyboxImage } from "../../images/busybox.ts";

/** bench:boot, the part outside: makes the image and the yardstick, then measures where KVM can run guests. */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const cache = here("../../../.cache/bench");
await mkdir(cache, { recursive: true });
const bare = join(cache, "bare");
await promisify(execFile)("cc", ["-O2", "-Wall", "-o", `${bare}.${process.pid}`, here("bare.c"), "-ldl"]);
await rename(`${bare}.${process.pid}`, bare);

const { layout, tag } = await busyboxImage();
const args = [
  here("../../kvm-host/with-kvm.ts"),
  process.execPath,
  here("measure.ts"),
  bare,
  `oci:${layout}:${tag}`,
  ...process.argv.slice(2),
];
const child = spawn(process.execPath, args, { stdio: "inherit" });
const [code] = (await once(child, "exit")) as [number | null];
process.exitCode = code ?? 1;
