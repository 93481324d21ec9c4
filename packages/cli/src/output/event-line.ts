import type { BoxEvent } from "@a3s/box-runtime";
import { familiarName } from "./familiar-name.ts";

/** What happened to a box, for people, in one line. */
export function formatEventLine(told: BoxEvent): string {
  const { time, event, id, name, image, exit, error, health, delayMs, restart, why } = told;
  const facts = {
    name,
    image: image && familiarName(image),
    exitCode: exit && String(exit.exitCode ?? "unknown"),
    signal: exit?.signal ?? undefined,
    code: error?.code ?? undefined,
    error: error?.message,
    health,
    delay: delayMs === undefined ? undefined : `${delayMs}ms`,
    restart: restart?.toString(),
    why,
  };
  const written = Object.entries(facts).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${quoted(value)}`],
  );
  return `${time} ${event} ${id} (${written.join(", ")})\n`;
}

/** Nothing steers a terminal. */
function quoted(text: string): string {
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text).replace(/[^\x20-\x7e]/gu, "\ufffd");
}
