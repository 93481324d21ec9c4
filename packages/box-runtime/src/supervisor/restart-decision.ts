import type { RestartRule } from "@a3s/core";

/** First delay of a restart, in ms; it doubles with each that follows, as docker has it. */
const FIRST_DELAY_MS = 100;
/** Longest delay of a restart, in ms. */
const MOST_DELAY_MS = 60_000;
/** A run of so many ms or more begins the delays anew. */
const STEADY_MS = 10_000;

/** A run that is over, and what there is to know about starting the box again. */
export interface EndedRun {
  readonly rule: RestartRule;
  /** Whether its end was just seen, or whether it is how a new supervisor found the box. */
  readonly occasion: "end" | "takeover";
  /** Somebody asked for its end. */
  readonly halted: boolean;
  /** Null: nobody knows, as after a power failure. That is no success. */
  readonly exitCode: number | null;
  /** How often the policy has started it again since somebody did. */
  readonly restarts: number;
  /** The delay before its start; 0 when somebody started it. */
  readonly delayMs: number;
  /** How long it was up, by a clock that never jumps. */
  readonly ranMs: number;
}

/** Why a box is not started again: it has no policy, somebody asked for its end, it succeeded, or it failed too often. */
export type RestReason = "policy" | "asked" | "succeeded" | "exhausted";

/** See {@link decideRestart}. */
export type RestartDecision =
  | { readonly restart: true; readonly delayMs: number }
  | { readonly restart: false; readonly why: RestReason };

/** Whether a box whose run is over is started again, and when, as docker decides it. Pure. */
export function decideRestart(run: EndedRun): RestartDecision {
  const why = reasonToRest(run);
  return why === undefined ? { restart: true, delayMs: delayOf(run) } : { restart: false, why };
}

function reasonToRest({ rule, occasion, halted, exitCode, restarts }: EndedRun): RestReason | undefined {
  if (rule.when === "no") return "policy";
  // `always` forgets with a new supervisor what somebody asked for, which is all that tells it from `unless-stopped`.
  if (halted && !(rule.when === "always" && occasion === "takeover")) return "asked";
  if (rule.when !== "on-failure") return undefined;
  if (exitCode === 0) return "succeeded";
  return restarts < rule.most ? undefined : "exhausted";
}

function delayOf({ occasion, delayMs, ranMs }: EndedRun): number {
  if (occasion === "takeover") return 0;
  if (ranMs >= STEADY_MS || delayMs === 0) return FIRST_DELAY_MS;
  return Math.min(delayMs * 2, MOST_DELAY_MS);
}
