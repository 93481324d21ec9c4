import { RuntimeError } from "../errors/runtime-error.ts";

/**
 * State of a box.
 *
 * - `created`: configuration captured, no VM started
 * - `ready`: VM booted, agent initialised, health check passing
 * - `busy`: at least one session is being processed
 * - `compacting`: a session is compressing its context
 * - `stopped`: VM gone, resources freed; final
 */
export type BoxState = "created" | "ready" | "busy" | "compacting" | "stopped";

/** What can happen to a box. */
export type BoxTransition =
  | "booted"
  | "session-began"
  | "session-ended"
  | "compaction-began"
  | "compaction-ended"
  | "ended";

/** A box's state and how many sessions it processes. */
export interface BoxStatus {
  readonly state: BoxState;
  readonly sessions: number;
}

/** Status of a box that was just constructed. */
export const INITIAL_STATUS: BoxStatus = { state: "created", sessions: 0 };

/**
 * The status after a transition. Sessions are counted: the last one to end returns the box to `ready`.
 *
 * @throws RuntimeError `STATE_INVALID` when the state does not allow the transition.
 */
export function nextStatus(status: BoxStatus, transition: BoxTransition): BoxStatus {
  const { state, sessions } = status;
  switch (transition) {
    case "booted":
      if (state === "created") return { state: "ready", sessions: 0 };
      break;
    case "session-began":
      if (state === "ready" || state === "busy") return { state: "busy", sessions: sessions + 1 };
      break;
    case "session-ended":
      if (state === "busy") return { state: sessions > 1 ? "busy" : "ready", sessions: sessions - 1 };
      break;
    case "compaction-began":
      if (state === "busy") return { state: "compacting", sessions };
      break;
    case "compaction-ended":
      if (state === "compacting") return { state: "busy", sessions };
      break;
    case "ended":
      return { state: "stopped", sessions: 0 };
  }
  throw new RuntimeError({
    code: "STATE_INVALID",
    message: `A box that is ${state} cannot take the step ${JSON.stringify(transition)}`,
    hint: STATE_HINTS[state],
    details: { state, transition },
  });
}

/** Whether a box in this state has a VM that answers. */
export function isLive(state: BoxState): boolean {
  return state === "ready" || state === "busy" || state === "compacting";
}

/** @throws RuntimeError `STATE_INVALID` unless the box is live. */
export function requireLive(state: BoxState, what: string): void {
  if (isLive(state)) return;
  throw new RuntimeError({
    code: "STATE_INVALID",
    message: `${what} needs a running box; this one is ${state}`,
    hint: STATE_HINTS[state],
    details: { state },
  });
}

const STATE_HINTS: Readonly<Record<BoxState, string>> = {
  created: "Call boot() first.",
  ready: "The box is already running; begin a session before compacting.",
  busy: "Let the sessions end first.",
  compacting: "Wait until the compaction has ended.",
  stopped: "A stopped box stays stopped; create a new one.",
};
