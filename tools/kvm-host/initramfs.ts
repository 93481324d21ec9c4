import { readFile, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { type CpioEntry, cpioArchive } from "./cpio.ts";
import { KvmHostError } from "./errors.ts";
import { loadOrder } from "./modules.ts";
import { findProgram, runProgram } from "./programs.ts";

const DYNAMIC_LOADER = 3; // PT_INTERP

/** Whether a 64-bit little-endian ELF program asks for a dynamic loader, which the initramfs does not have. */
function needsLoader(elf: Buffer): boolean {
  const offset = Number(elf.readBigUInt64LE(32));
  const size = elf.readUInt16LE(54);
  const count = elf.readUInt16LE(56);
  return Array.from({ length: count }, (_, index) => elf.readUInt32LE(offset + index * size)).includes(DYNAMIC_LOADER);
}

/** Programs of busybox that init.sh calls by name, without the shell's own. */
const applets: readonly string[] = [
  ..."mount mkdir insmod readlink ln chmod cp hostname ip sysctl switch_root sh".split(" "),
];

export interface InitramfsSources {
  readonly initScript: string;
  readonly pid1Script: string;
  readonly modules: readonly string[];
}

/** Writes the part of the initramfs that is the same in every run. */
export async function writeInitramfs(
  path: string,
  sources: InitramfsSources,
  modulesDirectory: string,
  signal?: AbortSignal,
): Promise<void> {
  const busybox = await readFile((await findProgram("busybox")) ?? "busybox");
  if (needsLoader(busybox)) {
    throw new KvmHostError(
      "REQUIREMENT_MISSING",
      'The emulated KVM host needs a static busybox: run "apt-get install busybox-static" as root.',
    );
  }
  const [dependencies, builtin] = await Promise.all(
    ["modules.dep", "modules.builtin"].map((file) => readFile(join(modulesDirectory, file), "utf8")),
  );
  const modules: CpioEntry[] = [];
  for (const file of loadOrder(sources.modules, dependencies ?? "", builtin ?? "")) {
    modules.push(await moduleEntry(join(modulesDirectory, file), signal));
  }
  const order = modules.map((entry) => `${basename(entry.path)}\n`).join("");
  const directories = ["bin", "dev", "machine", "modules", "newroot", "proc", "sys"];
  const archive = cpioArchive([
    ...directories.map((directory) => ({ path: directory })),
    { path: "bin/busybox", content: busybox },
    ...applets.map((applet) => ({ path: `bin/${applet}`, link: "busybox" })),
    { path: "init", content: sources.initScript },
    { path: "pid1.sh", content: sources.pid1Script },
    { path: "modules/order", content: order },
    ...modules,
  ]);
  await writeFile(path, archive);
}

async function moduleEntry(path: string, signal?: AbortSignal): Promise<CpioEntry> {
  if (path.endsWith(".xz")) await runProgram("xz", ["--decompress", "--keep", path], { signal });
  const plain = path.replace(/\.xz$/, "");
  return { path: `modules/${basename(plain)}`, content: await readFile(plain), mode: 0o644 };
}
