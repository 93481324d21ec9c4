import type { BoxSummary } from "@a3s/box-runtime";
import { formatElapsed } from "./elapsed.ts";

/** What a box does, for people, as docker has it: `Up 5 minutes`, `Exited (0) 3 hours ago`. */
export function formatStatus({ state, exit, startedAt, health, nextStartAt }: BoxSummary, nowMs: number): string {
  switch (state) {
    case "running":
      return (startedAt === undefined ? "Up" : `Up ${elapsed(startedAt, nowMs)}`) + healthOf(health);
    case "stopped": {
      const code = exit?.exitCode ?? "unknown";
      const word = nextStartAt === undefined ? "Exited" : "Restarting";
      return exit?.endedAt == null ? `${word} (${code})` : `${word} (${code}) ${elapsed(exit.endedAt, nowMs)} ago`;
    }
    default:
      return `${state[0]?.toUpperCase()}${state.slice(1)}`;
  }
}

function healthOf(health: BoxSummary["health"]): string {
  if (health === undefined) return "";
  return health === "starting" ? " (health: starting)" : ` (${health})`;
}

function elapsed(since: string, nowMs: number): string {
  return formatElapsed(nowMs - Date.parse(since)).replace(/^(About|Less)/, (word) => word.toLowerCase());
}
