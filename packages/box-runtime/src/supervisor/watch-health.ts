import { connectAgent } from "@a3s/agent-client";
import { vmPaths } from "../boot/box-directories.ts";
import type { BoxPlace } from "../boxes/box-place.ts";
import type { BoxRecord } from "../boxes/box-record.ts";
import { tell } from "../boxes/tell.ts";
import { boxProcess, processRights } from "../plan/box-process.ts";
import { planEnvironment } from "../plan/command.ts";
import { planHealthCheck } from "../plan/health-check.ts";
import { checkHealth } from "./check-health.ts";
import { readHealth, removeHealth, writeHealth } from "./health-record.ts";
import { nextHealth, UNCHECKED } from "./health-state.ts";
import { monotonicMs, until } from "./monotonic.ts";

/**
 * Checks the health of a box that runs, again and again, and goes on from where a supervisor before it has come to.
 *
 * @throws the signal's reason
 */
export async function watchHealth(place: BoxPlace, record: BoxRecord, signal: AbortSignal): Promise<void> {
  const { id, config, image } = record;
  // The image's share is in the configuration since the box was made.
  const how = planHealthCheck(config, {});
  if (how === undefined || how.test === "none") return await removeHealth(place, record);
  const process = { ...planEnvironment(boxProcess(image.process, config), {}), ...processRights(config, {}) };
  const readyMs = record.readyMs ?? monotonicMs();
  await using agent = connectAgent({ socketPath: vmPaths(place.home, id).agentSocket });
  let health = (await readHealth(place, record)) ?? UNCHECKED;
  for (;;) {
    await until(monotonicMs() + how.intervalMs, signal);
    const begunMs = monotonicMs();
    const checked = await checkHealth(agent, { ...how, test: how.test }, process, signal);
    const next = nextHealth(health, checked, how, begunMs - readyMs);
    await writeHealth(place, record, next);
    if (next.status !== health.status) await tell(place, "box.health", { id, health: next }, record);
    health = next;
  }
}
