import type { BoxSummary } from "@a3s/box-runtime";
import { formatStatus } from "./box-status.ts";
import { formatCommand } from "./command-text.ts";
import { formatElapsed } from "./elapsed.ts";
import { familiarName } from "./familiar-name.ts";
import { formatTable } from "./table.ts";

/** Boxes for people, a line for each, in docker's columns. */
export function formatBoxes(
  boxes: readonly BoxSummary[],
  { nowMs, whole }: { readonly nowMs: number; readonly whole: boolean },
): string {
  const rows = boxes.map((box) => [
    box.id,
    familiarName(box.image),
    formatCommand(box.command, { whole }),
    box.createdAt === undefined ? "" : `${formatElapsed(nowMs - Date.parse(box.createdAt))} ago`,
    formatStatus(box, nowMs),
    box.ports.map(formatPort).join(", "),
    box.name,
  ]);
  return formatTable(["BOX ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "PORTS", "NAME"], rows);
}

/** `127.0.0.1:8080:80/tcp` as docker shows it: `127.0.0.1:8080->80/tcp`. */
function formatPort(port: string): string {
  return port.replace(/:(\d+\/\w+)$/, "->$1");
}
