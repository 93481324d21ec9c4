import { rm } from "node:fs/promises";
import type { BoxId } from "@a3s/core";
import { vmPaths } from "../boot/box-directories.ts";
import type { MainExit } from "../boot/main-end.ts";
import { monotonicMs } from "../supervisor/monotonic.ts";
import { hearing, UNKNOWN_END } from "./box-exit.ts";
import type { BoxPlace } from "./box-place.ts";
import { lookAtOwnBox, type SeenBox } from "./look-at-box.ts";
import { removeFiles } from "./remove-box.ts";
import { settleBox } from "./settle-box.ts";

/** What a guest has to say that it serves, in ms, after its starter is gone. */
const ADOPTION_MS = 5000;

/** Finishes what somebody began who is gone, or takes it back. Under the lock of the box. */
export async function mendBox(place: BoxPlace, { record, mend, vm, exit }: SeenBox): Promise<void> {
  if (mend === undefined) return;
  if (mend === "settle") {
    await settleBox(place, record, exit ?? UNKNOWN_END);
    return;
  }
  if (mend === "finish-remove") {
    await vm?.kill();
    await removeFiles(place, record.id, { known: record });
    return;
  }
  if (vm === undefined) return;
  const { cutBox, stopBox } = await import("./stop-box.ts");
  if (mend === "finish-stop") await stopBox(place, record, vm, record.config.stopGraceMs);
  else if (await serves(place, record.id)) {
    // Nothing that runs in the guest shall find the doorbell, whoever would answer it.
    await rm(vmPaths(place.home, record.id).doorbellSocket, { force: true });
    await place.store.write({ ...record, intent: "running", readyMs: monotonicMs() });
  }
  // It waits for a configuration that nobody has for it any more.
  else await cutBox(place, record, vm);
}

/** What an agent has said of the end of a run: it alone knows of signals. */
export interface HeardEnd {
  readonly runs: number;
  readonly main: MainExit | undefined;
}

/** Writes down the end of a box's run, unless somebody is at the box: what is cheap for whoever comes by. */
export async function settleIfFree(place: BoxPlace, id: BoxId, heard?: HeardEnd): Promise<void> {
  await place.store.ifFree(id, async () => {
    using seen = await lookAtOwnBox(place, id);
    if (seen.mend !== "settle") return;
    const main = heard?.runs === seen.record.runs ? heard.main : undefined;
    await settleBox(place, seen.record, hearing(seen.exit ?? UNKNOWN_END, main));
  });
}

/** Mends a box once its lock is free. */
export async function mendWhenFree(place: BoxPlace, id: BoxId, signal: AbortSignal | undefined): Promise<void> {
  await place.store.locked(id, signal, async () => {
    using seen = await lookAtOwnBox(place, id);
    await mendBox(place, seen);
  });
}

async function serves({ home }: BoxPlace, id: BoxId): Promise<boolean> {
  const { connectAgent } = await import("@a3s/agent-client");
  await using agent = connectAgent({ socketPath: vmPaths(home, id).agentSocket });
  try {
    return (await agent.health({ timeoutMs: ADOPTION_MS })) === "serving";
  } catch {
    return false;
  }
}
