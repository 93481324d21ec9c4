import { connectAgent } from "@a3s/agent-client";
import { awaitSwitchEnd } from "@a3s/vm";
import { vmPaths } from "../boot/box-directories.ts";
import type { BoxPlace } from "../boxes/box-place.ts";
import type { BoxRecord } from "../boxes/box-record.ts";
import { tell } from "../boxes/tell.ts";
import { switchOf } from "../networks/box-seat.ts";

/**
 * Tells, once, when a box that runs is on its network no more because the network's switch has ended.
 *
 * @throws the signal's reason
 */
export async function watchNetwork(
  place: Pick<BoxPlace, "home" | "events" | "history">,
  record: BoxRecord,
  signal: AbortSignal,
): Promise<void> {
  const { id } = record;
  const found = await switchOf(place.home, record, signal);
  if (found === undefined) return;
  await awaitSwitchEnd(found.place, found.member, signal);
  // A switch ends with its last VM too, and earlier than it shows that the VM has: but only a guest that runs answers.
  if (await answers(vmPaths(place.home, id).agentSocket, signal)) await tell(place, "box.offline", { id }, record);
}

async function answers(socketPath: string, signal: AbortSignal): Promise<boolean> {
  await using agent = connectAgent({ socketPath });
  try {
    await agent.health({ signal });
    return true;
  } catch {
    signal.throwIfAborted();
    return false;
  }
}
