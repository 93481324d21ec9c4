import { createRuntime, type Volume } from "@a3s/box-runtime";
import prettyBytes from "pretty-bytes";
import { printJson, printLines } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";

/** `a3s-box volume ls` */
export async function listVolumes(options: {
  readonly quiet?: boolean;
  readonly size?: boolean;
  readonly json?: boolean;
}): Promise<void> {
  const { volumes } = createRuntime();
  const found = await volumes.list();
  if (options.quiet) return printLines(found.map(({ name }) => name));
  const listed: (Volume & { readonly diskBytes?: number })[] = [];
  for (const volume of found) {
    listed.push(options.size ? { ...volume, diskBytes: (await volumes.measure(volume.name)).diskBytes } : volume);
  }
  if (options.json) return printJson("volume ls", listed);
  const rows = listed.map(({ name, createdAt = "unknown", inUse, diskBytes }) => {
    return [name, createdAt, inUse ? "yes" : "no", ...(diskBytes === undefined ? [] : [prettyBytes(diskBytes)])];
  });
  process.stdout.write(formatTable(["VOLUME", "CREATED", "IN USE", ...(options.size ? ["SIZE"] : [])], rows));
}
