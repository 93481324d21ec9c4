import { execFile } from "node:child_process";
import { chmod, cp, mkdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cachedLayout } from "./cached-layout.ts";

const run = promisify(execFile);

/** Bump when the recipe below changes. */
const RECIPE = 2;
const TAG = "1";

/** A real image in an OCI layout on disk. */
export interface LocalImage {
  /** Absolute path of the layout. */
  readonly layout: string;
  readonly tag: string;
}

/**
 * Makes a small, real image with umoci from the statically linked busybox of this machine: two layers, the second of
 * which replaces and removes files of the first. Kept in `.cache/images`, so a second call costs nothing.
 */
export async function busyboxImage(): Promise<LocalImage> {
  const busybox = await stat("/bin/busybox");
  const name = `busybox-${RECIPE}-${busybox.size}-${Math.trunc(busybox.mtimeMs)}`;
  const layout = await cachedLayout(name, (path, work) => build(path, join(work, "bundle")));
  return { layout, tag: TAG };
}

async function build(layout: string, bundle: string): Promise<void> {
  const image = `${layout}:${TAG}`;
  const rootless = process.getuid?.() === 0 ? [] : ["--rootless"];
  await run("umoci", ["init", "--layout", layout]);
  await run("umoci", ["new", "--image", image]);
  await run("umoci", ["unpack", ...rootless, "--image", image, bundle]);
  await fillBase(join(bundle, "rootfs"));
  await run("umoci", ["repack", "--refresh-bundle", "--image", image, bundle]);
  await refine(join(bundle, "rootfs"));
  await run("umoci", ["repack", "--refresh-bundle", "--image", image, bundle]);
  const config = ["--config.cmd", "sh", "--config.env", "PATH=/bin:/usr/bin", "--config.env", "GREETING=hello"];
  await run("umoci", ["config", "--image", image, "--config.workingdir", "/home", ...config]);
}

async function fillBase(root: string): Promise<void> {
  for (const directory of ["bin", "etc", "home", "root", "tmp", "usr/bin", "var"]) {
    await mkdir(join(root, directory), { recursive: true });
  }
  await chmod(join(root, "tmp"), 0o1777);
  await cp("/bin/busybox", join(root, "bin/busybox"));
  const { stdout } = await run("/bin/busybox", ["--list"]);
  for (const applet of stdout.split("\n")) {
    if (applet !== "" && applet !== "busybox") await symlink("busybox", join(root, "bin", applet));
  }
  await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000:guest:/home:/bin/sh\n");
  await writeFile(join(root, "etc/group"), "root:x:0:\nguest:x:1000:\nstaff:x:50:guest\n");
  await writeFile(join(root, "etc/motd"), "from the first layer\n");
  await writeFile(join(root, "etc/removed"), "must not be seen\n");
  // Images bring such: the file of whoever built it, and the link of a system with a resolver of its own.
  await writeFile(join(root, "etc/hosts"), "192.0.2.1 builder\n");
  await symlink("../run/resolv.conf", join(root, "etc/resolv.conf"));
  await chmod(join(root, "etc"), 0o2775);
}

async function refine(root: string): Promise<void> {
  await rm(join(root, "etc/removed"));
  await writeFile(join(root, "etc/motd"), "from the second layer\n");
  await writeFile(join(root, "bin/not-a-program"), "neither a script nor a binary\n", { mode: 0o755 });
}
