import { AgentError } from "../errors/agent-error.ts";

/** A resource that can be limited, getrlimit(2). */
export type ResourceName =
  | "as"
  | "core"
  | "cpu"
  | "data"
  | "fsize"
  | "locks"
  | "memlock"
  | "msgqueue"
  | "nice"
  | "nofile"
  | "nproc"
  | "rss"
  | "rtprio"
  | "rttime"
  | "sigpending"
  | "stack";

/** The limit that a command starts with, and the one up to which it may raise that itself. */
export interface ResourceLimits {
  readonly soft: number;
  readonly hard: number;
}

/** RLIM_INFINITY. */
const NO_LIMIT = 2n ** 64n - 1n;

/** @throws {@link AgentError} `EXEC_INVALID` for what is neither a whole number nor `Infinity`. */
export function planResourceLimits(
  limits: Readonly<Partial<Record<ResourceName, number | ResourceLimits>>>,
): { name: string; soft: bigint; hard: bigint }[] {
  return Object.entries(limits).map(([name, limit]) => {
    const { soft, hard } = typeof limit === "number" ? { soft: limit, hard: limit } : limit;
    return { name, soft: plan(name, soft), hard: plan(name, hard) };
  });
}

function plan(name: string, limit: number): bigint {
  if (limit === Number.POSITIVE_INFINITY) return NO_LIMIT;
  if (Number.isSafeInteger(limit) && limit >= 0) return BigInt(limit);
  throw new AgentError({
    code: "EXEC_INVALID",
    message: `The limit of ${name} cannot be ${limit}`,
    hint: "Give a whole number from 0, or Infinity.",
  });
}
