import * as v from "valibot";
import { field, time } from "./fields.ts";

const count = (meaning: string) => v.optional(field(v.pipe(v.number(), v.integer(), v.minValue(0)), meaning));

export const supervisorDeed = v.strictObject({
  time: time("when it was done or seen"),
  deed: field(
    v.picklist(["began", "looks-after", "ended", "failed", "health", "offline", "expired", "restarting", "resting"]),
    "failed: it could not do what `error` says",
  ),
  home: v.optional(field(v.string(), "directory whose boxes it looks after; with `began`")),
  id: v.optional(field(v.string(), "of the box; with all others")),
  name: v.optional(field(v.string(), "missing when the box is gone")),
  exitCode: v.optional(field(v.nullable(v.number()), "of the run that ended; null when nobody knows")),
  meaning: v.optional(field(v.string(), "how it ended, in one sentence")),
  error: v.optional(field(v.string(), "what it could not do, and why")),
  health: v.optional(field(v.picklist(["starting", "healthy", "unhealthy"]), "that it has now")),
  failingStreak: count("failed checks in a row"),
  delayMs: count("until it starts again"),
  restart: count("which restart of the box it is, from 1"),
  why: v.optional(field(v.picklist(["policy", "asked", "succeeded", "exhausted"]), "why it is not started again")),
});

const health = v.picklist(["starting", "healthy", "unhealthy"]);

/** Fields of boxes that their supervisor has something to say about. */
export const supervisedSummary = {
  health: v.optional(field(health, "what its checks say; while it is checked")),
  nextStartAt: v.optional(time("when its restart policy starts it again")),
};

/** The same, of a box that is inspected. */
export const supervisedInspection = {
  supervised: field(v.boolean(), "whether restart policy, health check and lifetime are in force"),
  healthChecks: v.optional(
    v.strictObject({
      status: health,
      failingStreak: field(v.number(), "failed checks in a row"),
      checks: v.array(
        v.strictObject({
          at: time("when it began"),
          durationMs: v.number(),
          exitCode: field(v.nullable(v.number()), "0 is healthy; null when it had none"),
          output: field(v.string(), "its beginning, at most 4096 bytes"),
        }),
      ),
    }),
  ),
};
