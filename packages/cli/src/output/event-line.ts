import type { BoxEvent } from "@a3s/box-runtime";
import { familiarName } from "./familiar-name.ts";

/** What happened to a box, for people, in one line. */
export function formatEventLine({ time, event, id, name, image, exit, error }: BoxEvent): string {
  const facts = {
    name,
    image: image && familiarName(image),
    exitCode: exit && String(exit.exitCode ?? "unknown"),
    signal: exit?.signal ?? undefined,
    code: error?.code ?? undefined,
    error: error?.message,
  };
  const told = Object.entries(facts).flatMap(([key, value]) =>
    value === undefined ? [] : [`${key}=${quoted(value)}`],
  );
  return `${time} ${event} ${id} (${told.join(", ")})\n`;
}

/** Nothing steers a terminal. */
function quoted(text: string): string {
  return /^[\w.:/@+-]+$/.test(text) ? text : JSON.stringify(text).replace(/[^\x20-\x7e]/gu, "\ufffd");
}
