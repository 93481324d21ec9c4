import type { BoxPlace } from "../boxes/box-place.ts";
import type { SeenBox } from "../boxes/look-at-box.ts";
import { readHealth } from "./health-record.ts";
import { type BoxHealth, UNCHECKED } from "./health-state.ts";

/** What a supervisor does for a box now. */
export interface Supervision {
  /** There is one, so that restart policy, health check and lifetime of the box are in force. */
  readonly supervised: boolean;
  /** Of a box that runs and whose health is found out. */
  readonly health?: BoxHealth;
  /** When its policy starts it again; ISO 8601. */
  readonly nextStartAt?: string;
}

/** What has become old since there is no supervisor is not told. */
export async function supervisionOf(
  place: BoxPlace,
  { record, life }: SeenBox,
  supervised: boolean,
): Promise<Supervision> {
  if (!supervised) return { supervised };
  const { healthCheck } = record.config;
  const checked = life === "running" && healthCheck !== undefined && healthCheck.test !== "none";
  return {
    supervised,
    ...(checked ? { health: (await readHealth(place, record)) ?? UNCHECKED } : {}),
    ...(life === "stopped" && record.nextStartAt !== null ? { nextStartAt: record.nextStartAt } : {}),
  };
}
