import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { busyboxImage } from "../../images/busybox.ts";
import { compileBare } from "./bare.ts";

/** bench:boot, the part outside: makes the image and the yardstick, then measures where KVM can run guests. */
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const bare = await compileBare();
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
