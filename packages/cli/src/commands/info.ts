import { createRuntime } from "@a3s/box-runtime";
import prettyBytes from "pretty-bytes";
import { printJson } from "../output/print.ts";
import { formatTable } from "../output/table.ts";

/** `a3s-box info` */
export async function info(options: { readonly json?: boolean }): Promise<void> {
  const runtime = createRuntime();
  const { images, bytes } = await runtime.images.usage();
  const roots = await runtime.images.rootUsage();
  const volumes = await runtime.volumes.list();
  const used = volumes.filter(({ inUse }) => inUse).length;
  if (options.json) {
    const rootfs = { roots: roots.roots, diskBytes: roots.diskBytes };
    return printJson("info", {
      home: runtime.home.home,
      images: { names: images.length, bytes },
      rootfs,
      volumes: { volumes: volumes.length, inUse: used },
    });
  }
  const rows = [
    ["images", String(images.length), prettyBytes(bytes)],
    ["root directories", String(roots.roots), prettyBytes(roots.diskBytes)],
    ["volumes", String(volumes.length), `${used} in use`],
  ];
  process.stdout.write(`home: ${runtime.home.home}\n\n${formatTable(["WHAT", "NUMBER", "SIZE"], rows)}`);
}
