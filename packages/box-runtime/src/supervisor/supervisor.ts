import { stat } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { type BoxId, FileChanges, Turns, tryFileLock, unlessMissing } from "@a3s/core";
import { makePrivate } from "../boot/box-directories.ts";
import type { BoxCall } from "../boxes/box.ts";
import { supervisorRunning } from "../boxes/box-error.ts";
import type { BoxPlace } from "../boxes/box-place.ts";
import { reconcile } from "../boxes/reconcile.ts";
import { type Charge, followBox } from "./follow-box.ts";
import { supervisorLock } from "./supervised.ts";

/** Carries out what the configurations of boxes say, whoever made them. Disposing of it ends that, and no box. */
export interface Supervisor extends AsyncDisposable {
  /** Resolves when it was disposed of, its signal aborted, or the directory of boxes is gone. */
  readonly ended: Promise<void>;
}

/** @throws RuntimeError `SUPERVISOR_RUNNING`; the signal's reason */
export async function superviseBoxes(place: BoxPlace, { signal }: BoxCall = {}): Promise<Supervisor> {
  signal?.throwIfAborted();
  await makePrivate(place.home.boxes);
  const lock = await tryFileLock(supervisorLock(place.home));
  if (lock === undefined) throw supervisorRunning(place.home.home);
  const end = new AbortController();
  const until = AbortSignal.any([end.signal, ...(signal === undefined ? [] : [signal])]);
  try {
    await reconcile(place, until);
    const changes = await watched(place.home.boxes);
    const ended = superviseAll(place, changes, until).finally(() => lock.close());
    ended.catch(() => {});
    return {
      ended,
      async [Symbol.asyncDispose]() {
        end.abort();
        await ended;
      },
    };
  } catch (error) {
    await lock.close();
    throw error;
  }
}

async function superviseAll(place: BoxPlace, changes: FileChanges | undefined, signal: AbortSignal): Promise<void> {
  if (changes === undefined) return;
  using _watched = changes;
  const followers = new Map<BoxId, Promise<void>>();
  const [turns, lanes] = [new Turns(), availableParallelism()];
  let boots = 0;
  const boot: Charge["boot"] = (task) => turns.take(`${boots++ % lanes}`, signal, task);
  try {
    for (let occasion: Charge["occasion"] = "takeover"; ; occasion = "end") {
      for (const id of await place.store.ids()) {
        if (followers.has(id) || (await place.store.read(id)) === undefined) continue;
        followers.set(
          id,
          follow({ place, id, occasion, signal, boot }).finally(() => followers.delete(id)),
        );
      }
      if ((await unlessMissing(stat(supervisorLock(place.home)))) === undefined) return;
      await changes.next(signal);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  } finally {
    await Promise.all(followers.values());
  }
}

async function follow(charge: Omit<Charge, "changes">): Promise<void> {
  const { place, id, signal } = charge;
  try {
    using changes = await watched(place.store.directory(id), "box.json");
    if (changes !== undefined) await followBox({ ...charge, changes });
  } catch (error) {
    if (!signal.aborted) place.events.emit("box.unsupervised", { id, error });
  }
}

/** Undefined for a directory that is not there. */
function watched(directory: string, name?: string): Promise<FileChanges | undefined> {
  return unlessMissing((async () => new FileChanges(directory, name))());
}
