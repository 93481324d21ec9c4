import { createRuntime } from "@a3s/box-runtime";
import { printJson, printLines } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";

/** `a3s-box network ls` */
export async function listNetworks(options: { readonly quiet?: boolean; readonly json?: boolean }): Promise<void> {
  const networks = await createRuntime().networks.list();
  if (options.json) return printJson("network ls", networks);
  if (options.quiet) return printLines(networks.map(({ name }) => name));
  const rows = networks.map(({ name, outgoing, ports, subnet = "", inUse, description, missing }) => {
    const here = missing === undefined ? "yes" : "no";
    const used = inUse === undefined ? "" : yesOrNo(inUse);
    return [name, here, yesOrNo(outgoing), ports ? "tcp" : "no", subnet, used, missing ?? description];
  });
  const head = ["NETWORK", "HERE", "OUTGOING", "PORTS", "SUBNET", "IN USE", "WHAT IT IS"];
  process.stdout.write(formatTable(head, rows));
}

function yesOrNo(value: boolean): string {
  return value ? "yes" : "no";
}
