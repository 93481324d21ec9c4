import { printable, TAIL_BYTES } from "../process/tail.ts";
import { linesBackwards } from "./lines-backwards.ts";
import { parseLogLine } from "./log-entry.ts";

/** How far back the console's last words are looked for among what the main process says, in bytes. */
const REACH_BYTES = 4 * 1024 * 1024;

/** The last that a log has of the guest's console, as text; empty when there is none. */
export async function readConsoleTail(path: string): Promise<string> {
  let text = "";
  let seen = 0;
  try {
    for await (const { line } of linesBackwards(path)) {
      const entry = parseLogLine(line);
      if (entry?.stream === "console") text = `${entry.text}${entry.partial ? "" : "\n"}${text}`;
      seen += line.length;
      if (text.length >= TAIL_BYTES || seen >= REACH_BYTES) break;
    }
  } catch {
    // Evidence is what could be found.
  }
  return printable(text.slice(-TAIL_BYTES));
}
