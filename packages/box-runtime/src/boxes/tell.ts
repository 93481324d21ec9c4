import { BoxError } from "@a3s/core";
import type { BoxEvent } from "../history/history-entry.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import type { BoxesEvents } from "./boxes-events.ts";

/** Events that other processes hear of as well. */
type SharedEvent =
  | ("box.created" | "box.started" | "box.error" | "box.stopped" | "box.renamed" | "box.removed")
  | ("box.health" | "box.offline" | "box.expired" | "box.restarting" | "box.resting");

/** What is known of a box that an event is about. */
export type KnownBox = Pick<BoxRecord, "name" | "image">;

/**
 * Tells the listeners of this process, and writes it down for everybody else, after it has happened. Under the lock of the box, but for what
 * a supervisor sees.
 */
export async function tell<Name extends SharedEvent>(
  { events, history }: Pick<BoxPlace, "events" | "history">,
  event: Name,
  payload: BoxesEvents[Name],
  known?: KnownBox,
): Promise<void> {
  events.emit(event, payload);
  await history.append({
    ...{ time: new Date().toISOString(), event, id: payload.id },
    ...(known && { name: known.name, image: known.image.reference }),
    ...("exit" in payload && { exit: payload.exit }),
    ...("error" in payload && { error: describe(payload.error) }),
    ...("health" in payload && { health: payload.health.status }),
    ...("delayMs" in payload && { delayMs: payload.delayMs, restart: payload.restart }),
    ...("why" in payload && { why: payload.why }),
  });
}

function describe(error: unknown): BoxEvent["error"] {
  const message = error instanceof Error ? error.message : String(error);
  return { code: error instanceof BoxError ? error.code : null, message };
}
