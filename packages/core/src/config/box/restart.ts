import * as v from "valibot";

/** Restart policy when none is asked for. */
export const DEFAULT_RESTART = "no";

/** Whether a box is started again when it has ended. */
export type RestartPolicy = "no" | "always" | "unless-stopped" | "on-failure" | `on-failure:${number}`;

/** What a policy means: when a box is started again, and how often in a row at most. */
export interface RestartRule {
  readonly when: "no" | "always" | "unless-stopped" | "on-failure";
  /** Infinity: without end. */
  readonly most: number;
}

export const restart = v.custom<RestartPolicy>(
  (input) => typeof input === "string" && parseRestart(input) !== undefined,
  'must be "no", "always", "unless-stopped" or "on-failure[:N]", with N from 1 to 999999',
);

/** Undefined for what is no {@link RestartPolicy}. */
export function parseRestart(policy: string): RestartRule | undefined {
  const { when, most } =
    /^(?:(?<when>no|always|unless-stopped|on-failure)|on-failure:(?<most>[1-9]\d{0,5}))$/.exec(policy)?.groups ?? {};
  if (most !== undefined) return { when: "on-failure", most: Number(most) };
  if (when === undefined) return undefined;
  return { when: when as RestartRule["when"], most: when === "no" ? 0 : Number.POSITIVE_INFINITY };
}
