import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { busyboxImage } from "../images/busybox.ts";

/** Makes the image, then takes the tour where KVM can run guests. */
const { layout, tag } = await busyboxImage();
const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const args = [here("../kvm-host/with-kvm.ts"), process.execPath, here("tour.ts"), `oci:${layout}:${tag}`];
const child = spawn(process.execPath, args, { stdio: "inherit" });
for (const name of ["SIGINT", "SIGTERM"] as const) process.on(name, () => child.kill(name));
const [code] = (await once(child, "exit")) as [number | null];
process.exitCode = code ?? 1;
