import { limitValue, type ResourceLimits, type ResourceName } from "@a3s/core";
import { AgentError } from "../errors/agent-error.ts";

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
  const value = limitValue(limit);
  if (value !== undefined) return value;
  throw new AgentError({
    code: "EXEC_INVALID",
    message: `The limit of ${name} cannot be ${limit}`,
    hint: "Give a whole number from 0, or Infinity.",
  });
}
