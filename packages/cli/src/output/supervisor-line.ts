import type { RestReason } from "@a3s/box-runtime";
import type { JsonOf } from "./print.ts";

/** Something that a supervisor has done or seen. */
export type Deed = JsonOf<"supervise">;

const WHY: Readonly<Record<RestReason, string>> = {
  policy: "it has no restart policy",
  asked: "somebody asked for it",
  succeeded: "it has succeeded",
  exhausted: "it has failed too often",
};

/** What a supervisor has done or seen, for people: one line. What a guest may have written shall not move a terminal's cursor. */
export function formatDeed(deed: Deed): string {
  const line = `${deed.time} ${deed.name ?? deed.id ?? "a3s-box"}: ${saying(deed)}`;
  return line.replaceAll(/\p{Cc}+/gu, " ");
}

function saying(deed: Deed): string {
  switch (deed.deed) {
    case "began":
      return `looks after the boxes in ${deed.home}`;
    case "looks-after":
      return "is looked after";
    case "ended":
      return `ended with ${deed.exitCode ?? "unknown exit code"}`;
    case "failed":
      return `${deed.error}`;
    case "health":
      return deed.health === "unhealthy" ? `unhealthy after ${deed.failingStreak} failed checks` : `${deed.health}`;
    case "offline":
      return "is on its network no more: the switch has ended; restart the box to connect it again";
    case "expired":
      return "its time is over, it is stopped";
    case "restarting":
      return `starts again in ${deed.delayMs} ms, restart ${deed.restart}`;
    case "resting":
      return `stays stopped: ${deed.why === undefined ? "" : WHY[deed.why]}`;
  }
}
