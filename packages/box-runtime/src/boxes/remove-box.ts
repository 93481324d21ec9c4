import type { BoxId } from "@a3s/core";
import { NetworkStore } from "../networks/network-store.ts";
import { Volumes } from "../volumes/volumes.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { closeRuns } from "./box-runs.ts";
import { type KnownBox, tell } from "./tell.ts";

/** What goes with a box. */
export interface RemoveOptions {
  /** Also its named volumes that no other box has. */
  readonly volumes?: boolean | undefined;
}

/** Removes a box whose VM is gone. Under the lock of the box. */
export async function removeBox(place: BoxPlace, record: BoxRecord, options: RemoveOptions): Promise<void> {
  await place.store.writeIfRoom({ ...record, intent: "removing" });
  await removeFiles(place, record.id, { ...options, known: record });
}

/** The same for a box of which a record need not be there. */
export async function removeFiles(
  place: BoxPlace,
  id: BoxId,
  { volumes = false, known }: RemoveOptions & { readonly known?: KnownBox | undefined },
): Promise<void> {
  const { store, home } = place;
  await closeRuns(place, id);
  await store.removeRun(id);
  // Out of sight first: what has no box any more is swept, whatever becomes of this process.
  await using _gone = await store.naming(undefined, () => store.take(id));
  const idle = await unpin(place, id);
  if (volumes) for (const name of idle) await new Volumes(home.volumes).remove(name);
  await tell(place, "box.removed", { id }, known);
}

/** Gives up all that a box has kept. @returns its volumes that nobody else has. */
export async function unpin({ home, stores }: BoxPlace, id: BoxId): Promise<readonly string[]> {
  await (await stores.roots()).unpin(id);
  await new NetworkStore(home).withdraw(id);
  return await new Volumes(home.volumes).unpin(id);
}
