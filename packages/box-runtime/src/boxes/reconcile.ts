import { readdir } from "node:fs/promises";
import { BoxError, type BoxId, unlessMissing } from "@a3s/core";
import { LowerStore } from "@a3s/rootfs";
import { NetworkStore } from "../networks/network-store.ts";
import { Volumes } from "../volumes/volumes.ts";
import type { BoxPlace } from "./box-place.ts";
import { closeOpened, removeRuns } from "./box-runs.ts";
import { lookAtOwnBox } from "./look-at-box.ts";
import { mendBox } from "./mend-box.ts";
import { unpin } from "./remove-box.ts";

/**
 * Brings what is on disk in line with what runs: what somebody began who is gone is finished or taken back, and what was left without a box
 * is removed. Boxes that somebody is at are left to them.
 */
export async function reconcile(place: BoxPlace, signal: AbortSignal | undefined): Promise<void> {
  const { store } = place;
  for (const id of await store.ids()) {
    signal?.throwIfAborted();
    if ((await store.read(id)) !== undefined) await ignoreDamage(store.ifFree(id, () => reconcileBox(place, id)));
  }
  await store.sweep(signal);
  await unpinGone(place, signal);
}

async function reconcileBox(place: BoxPlace, id: BoxId): Promise<void> {
  using seen = await lookAtOwnBox(place, id);
  await place.store.sweepBox(id);
  await mendBox(place, seen);
  if (seen.life !== "created" && seen.life !== "stopped") return;
  await closeOpened(place, id);
  await place.store.removeRun(id);
  await removeRuns(place, id);
}

/** A box that is damaged is left as it is: what it needs cannot be known. */
async function ignoreDamage(mending: Promise<unknown>): Promise<void> {
  try {
    await mending;
  } catch (error) {
    if (!(error instanceof BoxError && ["BOX_DAMAGED", "BOX_NOT_FOUND"].includes(error.code))) throw error;
  }
}

/** Gives up what was kept for boxes that are not there: that were removed half, or never came to be. */
async function unpinGone(place: BoxPlace, signal: AbortSignal | undefined): Promise<void> {
  const { home, store } = place;
  const stores = await Promise.all(
    [home.boxes, home.rootfs, home.volumes, home.networks].map((path) => unlessMissing(readdir(path))),
  );
  if (stores.every((names) => names === undefined)) return;
  await store.naming(signal, async () => {
    const boxes = new Set<string>(await store.ids());
    // Opened anew, which removes what dead processes left there.
    const roots = await (await LowerStore.open(home.rootfs, { signal })).pinOwners({ signal });
    const volumes = await new Volumes(home.volumes).pinOwners({ signal });
    const networks = new NetworkStore(home);
    const owners = new Set([...roots, ...volumes, ...(await networks.boxes(signal))]);
    for (const owner of owners) if (!boxes.has(owner)) await unpin(place, owner);
    await networks.sweep(signal);
  });
}
