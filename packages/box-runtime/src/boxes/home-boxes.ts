import { type BoxConfigInput, BoxError, type BoxId, isBoxId } from "@a3s/core";
import { isSupervised } from "../supervisor/supervised.ts";
import { supervisionOf } from "../supervisor/supervision.ts";
import type { Box, BoxCall, BoxRemoveOptions, BoxStartOptions } from "./box.ts";
import type { BoxSummary } from "./box-description.ts";
import { boxAmbiguous, boxNotFound } from "./box-error.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxCreateOptions, Boxes, BoxListOptions, BoxPruneOptions } from "./boxes.ts";
import { summarize, summarizeDamaged } from "./describe-box.ts";
import { discardBox } from "./discard-box.ts";
import { lookAtBox } from "./look-at-box.ts";
import { settleIfFree } from "./mend-box.ts";
import { StoredBox } from "./stored-box.ts";

/** The boxes of a home directory; see {@link Boxes}. Constructing it touches nothing. */
export class HomeBoxes implements Boxes {
  readonly #place: BoxPlace;

  constructor(place: BoxPlace) {
    this.#place = place;
  }

  async create(config: BoxConfigInput, options: BoxCreateOptions = {}): Promise<Box> {
    const { createBox } = await import("./create-box.ts");
    return StoredBox.made(this.#place, await createBox(this.#place, config, options));
  }

  async run(config: BoxConfigInput, options: BoxCreateOptions & BoxStartOptions = {}): Promise<Box> {
    const box = await this.create(config, options);
    try {
      await box.start(options);
      return box;
    } catch (error) {
      // With `autoRemove`, it is gone already.
      await ignoreMissing(box.remove({ force: true }));
      await box[Symbol.asyncDispose]();
      throw error;
    }
  }

  async get(box: string, { signal }: BoxCall = {}): Promise<Box> {
    signal?.throwIfAborted();
    return await StoredBox.find(this.#place, await this.#resolve(box));
  }

  async list({ all = true, signal }: BoxListOptions = {}): Promise<readonly BoxSummary[]> {
    const supervised = await isSupervised(this.#place.home);
    const found = await Promise.all((await this.#place.store.ids()).map((id) => this.#summarize(id, supervised)));
    signal?.throwIfAborted();
    return found
      .filter((box) => box !== undefined)
      .filter(({ state }) => all || isUp(state))
      .toSorted((one, other) => (other.createdAt ?? "").localeCompare(one.createdAt ?? ""));
  }

  async remove(box: string, options: BoxRemoveOptions = {}): Promise<void> {
    await discardBox(this.#place, await this.#resolve(box), options);
  }

  async prune({ filter = () => true, signal }: BoxPruneOptions = {}): Promise<readonly BoxId[]> {
    const idle = (await this.list({ signal })).filter(
      ({ state, nextStartAt }) => state === "created" || (state === "stopped" && nextStartAt === undefined),
    );
    const removed: BoxId[] = [];
    for (const { id } of idle.filter(filter)) {
      signal?.throwIfAborted();
      try {
        await discardBox(this.#place, id, { signal });
        removed.push(id);
      } catch (error) {
        // Started or removed by somebody else meanwhile.
        if (!(error instanceof BoxError) || !["BOX_RUNNING", "BOX_NOT_FOUND"].includes(error.code)) throw error;
      }
    }
    return removed;
  }

  async #summarize(id: BoxId, supervised: boolean): Promise<BoxSummary | undefined> {
    try {
      using seen = await lookAtBox(this.#place, id);
      if (seen.mend === "settle") {
        await settleIfFree(this.#place, id);
        if (seen.record.autoRemove) return undefined;
      }
      return summarize(seen, await supervisionOf(this.#place, seen, supervised));
    } catch (error) {
      if (error instanceof BoxError && error.code === "BOX_NOT_FOUND") return undefined;
      if (error instanceof BoxError && error.code === "BOX_DAMAGED") {
        return summarizeDamaged(id, String(error.details["damage"]));
      }
      throw error;
    }
  }

  async #resolve(box: string): Promise<BoxId> {
    const { store } = this.#place;
    if (isBoxId(box) && (await store.read(box)) !== undefined) return box;
    const named = (await store.names()).get(box);
    if (named !== undefined) return named;
    const ids: BoxId[] = [];
    for (const id of /^[a-z0-9]+$/.test(box) ? await store.ids() : []) {
      if (id.startsWith(box) && (await store.read(id)) !== undefined) ids.push(id);
    }
    if (ids.length > 1) throw boxAmbiguous(box, ids);
    if (ids[0] === undefined) throw boxNotFound(box);
    return ids[0];
  }
}

function isUp(state: BoxSummary["state"]): boolean {
  return state === "running" || state === "starting" || state === "stopping";
}

async function ignoreMissing(call: Promise<void>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (!(error instanceof BoxError && error.code === "BOX_NOT_FOUND")) throw error;
  }
}
