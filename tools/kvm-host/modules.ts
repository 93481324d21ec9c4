/** Kernel modules that the emulated host loads, in the order in which init wants them; dependencies are added. */
export const kernelModules: readonly string[] = [
  "virtio_pci",
  // First after its bus: its ports appear asynchronously, and everything after it gives them the time.
  "virtio_console",
  "virtio_blk",
  "virtio-rng",
  "9pnet_virtio",
  "9p",
  "crc32c_generic",
  "ext4",
  "overlay",
  "fuse",
  "tun",
  "dummy",
  "kvm-amd",
];

/** The kernel treats "-" and "_" in module names alike; so does every comparison here. */
function moduleName(path: string): string {
  const file = path.slice(path.lastIndexOf("/") + 1);
  return file.replace(/\.ko(\.xz)?$/, "").replaceAll("-", "_");
}

/**
 * The files to insert, each after all that it depends on. `modulesDep` and `modulesBuiltin` are the files that depmod
 * writes. A module that is built into the kernel needs no file; one that is neither is an error.
 */
export function loadOrder(names: readonly string[], modulesDep: string, modulesBuiltin: string): string[] {
  const dependencies = new Map<string, { path: string; needs: string[] }>();
  for (const line of modulesDep.split("\n")) {
    const colon = line.indexOf(":");
    if (colon < 0) continue;
    const path = line.slice(0, colon);
    dependencies.set(moduleName(path), {
      path,
      needs: line
        .slice(colon + 1)
        .split(" ")
        .filter(Boolean),
    });
  }
  const builtin = new Set(modulesBuiltin.split("\n").filter(Boolean).map(moduleName));

  const order = new Set<string>();
  function add(name: string): void {
    const module = dependencies.get(moduleName(name));
    if (module === undefined) {
      if (builtin.has(moduleName(name))) return;
      throw new Error(`the kernel has no module "${name}"`);
    }
    if (order.has(module.path)) return;
    for (const path of module.needs) add(path);
    order.add(module.path);
  }
  for (const name of names) add(name);
  return [...order];
}
