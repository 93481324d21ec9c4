import { createRuntime } from "@a3s/box-runtime";
import { printJson, printLines } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";

/** `a3s-box network ls` */
export async function listNetworks(options: { readonly quiet?: boolean; readonly json?: boolean }): Promise<void> {
  const networks = await createRuntime().networks.list();
  if (options.json) return printJson("network ls", networks);
  if (options.quiet) return printLines(networks.map(({ name }) => name));
  const rows = networks.map(({ name, outgoing, ports, description, missing }) => {
    const here = missing === undefined ? "yes" : "no";
    return [name, here, outgoing ? "yes" : "no", ports ? "tcp" : "no", missing ?? description];
  });
  process.stdout.write(formatTable(["NETWORK", "HERE", "OUTGOING", "PORTS", "WHAT IT IS"], rows));
}
