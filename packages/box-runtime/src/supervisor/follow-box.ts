import { BoxError, type BoxId, type FileChanges, parseRestart } from "@a3s/core";
import type { BoxExit } from "../boxes/box-life.ts";
import type { BoxPlace } from "../boxes/box-place.ts";
import type { BoxRecord } from "../boxes/box-record.ts";
import { isPassing } from "../boxes/derive-life.ts";
import { lookAtBox, lookAtOwnBox } from "../boxes/look-at-box.ts";
import { mendWhenFree } from "../boxes/mend-box.ts";
import { tell } from "../boxes/tell.ts";
import { followRun } from "./follow-run.ts";
import { monotonicMs, until } from "./monotonic.ts";
import { decideRestart, type EndedRun, type RestartDecision } from "./restart-decision.ts";

/** Whom a supervisor looks after, and how. */
export interface Charge {
  readonly place: BoxPlace;
  readonly id: BoxId;
  /** Whether the box was there before its supervisor. */
  readonly occasion: EndedRun["occasion"];
  /** Rings when the box's record is another one. */
  readonly changes: FileChanges;
  readonly signal: AbortSignal;
  /** Runs a task that boots the box, so that not all boxes boot at the same time. */
  readonly boot: (task: () => Promise<void>) => Promise<void>;
}

/** Looks after a box until it is gone. @throws the signal's reason */
export async function followBox(charge: Charge): Promise<void> {
  const { place, id, changes, signal } = charge;
  const follower = new Follower(charge);
  for (;;) {
    signal.throwIfAborted();
    try {
      await follower.step();
    } catch (error) {
      signal.throwIfAborted();
      if (error instanceof BoxError && error.code === "BOX_NOT_FOUND") return;
      place.events.emit("box.unsupervised", { id, error });
      await changes.next(signal);
    }
  }
}

class Follower {
  readonly #charge: Charge;
  #occasion: EndedRun["occasion"];
  /** The run about whose end it was decided last. */
  #decided: number | undefined;
  /** The record that was mended last: what did not help once does not help again. */
  #mended: number | undefined;
  #delayMs = 0;

  constructor(charge: Charge) {
    this.#charge = charge;
    this.#occasion = charge.occasion;
  }

  /** Does what is to be done about the box as it is now, or waits until it is another. */
  async step(): Promise<void> {
    const { place, id, changes, signal } = this.#charge;
    using seen = await lookAtBox(place, id);
    const { record, life, mend, vm } = seen;
    if (life === "running" && vm !== undefined) {
      place.events.emit("box.supervised", { id });
      this.#occasion = "end";
      return await followRun(place, record, vm, { changes, signal });
    }
    if ((mend !== undefined || isPassing(record.intent)) && this.#mended !== record.generation) {
      // Whoever is at it has its lock.
      this.#mended = record.generation;
      return await mendWhenFree(place, id, signal);
    }
    if (life === "stopped" && this.#decided !== record.runs) return await this.#decide();
    this.#occasion = "end";
    await changes.next(signal);
  }

  async #decide(): Promise<void> {
    const { place, id, signal } = this.#charge;
    const occasion = this.#occasion;
    const decided = await place.store.locked(id, signal, async () => {
      using seen = await lookAtOwnBox(place, id);
      if (seen.life !== "stopped") return undefined;
      this.#decided = seen.record.runs;
      return { record: seen.record, decision: await this.#plan(seen.record, seen.exit, occasion) };
    });
    if (decided === undefined) return;
    const { record, decision } = decided;
    this.#occasion = "end";
    if (!decision.restart) {
      if (occasion === "end" && decision.why !== "policy") {
        await tell(place, "box.resting", { id, why: decision.why }, record);
      }
      return;
    }
    this.#delayMs = decision.delayMs;
    const { delayMs } = decision;
    await tell(place, "box.restarting", { id, delayMs, restart: record.restarts + 1 }, record);
    if (await this.#isDue(record, monotonicMs() + delayMs)) {
      await this.#charge.boot(() => this.#start(record, occasion));
    }
  }

  /** Writes down when it is started again, or that it is not. Under the lock of the box. */
  async #plan(record: BoxRecord, exit: BoxExit | undefined, occasion: EndedRun["occasion"]): Promise<RestartDecision> {
    const { store } = this.#charge.place;
    const decision = this.#judge(record, exit, occasion);
    const nextStartAt = decision.restart ? new Date(Date.now() + decision.delayMs).toISOString() : null;
    if (nextStartAt !== record.nextStartAt) await store.writeIfRoom({ ...record, nextStartAt });
    return decision;
  }

  #judge({ config, halted, restarts, readyMs }: BoxRecord, exit: BoxExit | undefined, occasion: EndedRun["occasion"]) {
    return decideRestart({
      rule: parseRestart(config.restart) ?? { when: "no", most: 0 },
      ...{ occasion, halted, exitCode: exit?.exitCode ?? null, restarts },
      delayMs: restarts === 0 ? 0 : this.#delayMs,
      ranMs: readyMs === null ? 0 : monotonicMs() - readyMs,
    });
  }

  /** True when its time has come; false when somebody was faster, or does not want it to be started any more. */
  async #isDue({ id, runs, halted }: BoxRecord, atMs: number): Promise<boolean> {
    const { place, changes, signal } = this.#charge;
    const turn = new AbortController();
    const during = AbortSignal.any([signal, turn.signal]);
    const due = until(atMs, during).then(() => true);
    try {
      for (;;) {
        const changed = changes.next(during).then(() => false);
        changed.catch(() => {});
        if (await Promise.race([due, changed])) return true;
        const now = await place.store.require(id);
        if (now.halted && !halted) await tell(place, "box.resting", { id, why: "asked" }, now);
        if (now.runs !== runs || now.halted !== halted) return false;
      }
    } finally {
      turn.abort();
      due.catch(() => {});
    }
  }

  async #start({ id, runs }: BoxRecord, occasion: EndedRun["occasion"]): Promise<void> {
    const { place, signal } = this.#charge;
    // Waited for also when the signal has aborted: what was begun is taken back then.
    const starting = place.store.locked(id, signal, async () => {
      using seen = await lookAtOwnBox(place, id);
      const { record, life, exit } = seen;
      if (life !== "stopped" || record.runs !== runs) return;
      // Somebody may have changed its policy, or asked for its rest.
      const stays = !this.#judge(record, exit, occasion).restart;
      if (stays) return void (await place.store.writeIfRoom({ ...record, nextStartAt: null }));
      await bootAgain(place, record, signal);
    });
    try {
      await starting;
    } catch (error) {
      signal.throwIfAborted();
      // A start that failed is a run that has ended, and was told of. One that could not even be written down is none.
      const now = await place.store.require(id);
      if (now.runs === runs) {
        this.#decided = undefined;
        throw error;
      }
    }
  }
}

async function bootAgain(place: BoxPlace, record: BoxRecord, signal: AbortSignal): Promise<void> {
  const [{ startBox }, { settleIfFree }] = await Promise.all([
    import("../boxes/start-box.ts"),
    import("../boxes/mend-box.ts"),
  ]);
  const { booted, record: running } = await startBox(place, record, { onAttach: false, by: "policy", signal });
  const letGo = () => booted.agent[Symbol.asyncDispose]();
  signal.addEventListener("abort", letGo, { once: true });
  // The main process may end at once, and this is the first who hears how.
  void Promise.all([booted.vm.exited, booted.mainEnd])
    .then(([, main]) => settleIfFree(place, running.id, { runs: running.runs, main }))
    .catch(() => {})
    .finally(() => {
      signal.removeEventListener("abort", letGo);
      return letGo();
    });
}
