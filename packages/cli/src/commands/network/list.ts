import { printJson, printLines } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";

/** What the `network` of a box's configuration can be. */
const NETWORKS = [
  { name: "none", outgoing: false, ports: false, description: "no card and no sockets of the host" },
  { name: "tsi", outgoing: true, ports: true, description: "the guest's sockets are opened by the host" },
] as const;

/** `a3s-box network ls` */
export async function listNetworks(options: { readonly quiet?: boolean; readonly json?: boolean }): Promise<void> {
  if (options.json) return printJson("network ls", NETWORKS);
  if (options.quiet) return printLines(NETWORKS.map(({ name }) => name));
  const rows = NETWORKS.map(({ name, outgoing, ports, description }) => {
    return [name, outgoing ? "yes" : "no", ports ? "tcp" : "no", description];
  });
  process.stdout.write(formatTable(["NETWORK", "OUTGOING", "PORTS", "WHAT IT IS"], rows));
}
