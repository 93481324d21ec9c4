import { type BoxConfig, parseBoxConfig } from "@a3s/core";
import { planHealthCheck } from "../plan/health-check.ts";
import type { BoxChanges } from "./box.ts";

/**
 * A configuration with what changes of it: what is left out, or undefined, stays, also of a health check, and null takes away. Pure.
 *
 * @throws CoreError `CONFIG_INVALID`; RuntimeError `COMMAND_MISSING`
 */
export function changeConfig(config: BoxConfig, { healthCheck, lifetimeMs, ...others }: BoxChanges): BoxConfig {
  const { labels, stopGraceMs, restart } = others;
  const changed = parseBoxConfig({
    ...{ ...config, ...given({ labels, stopGraceMs, restart }) },
    healthCheck: changeCheck(config.healthCheck, healthCheck),
    lifetimeMs: lifetimeMs === undefined ? config.lifetimeMs : (lifetimeMs ?? undefined),
  });
  return { ...changed, healthCheck: planHealthCheck(changed, {}) };
}

function changeCheck(before: BoxConfig["healthCheck"], change: BoxChanges["healthCheck"]): object | undefined {
  if (change === null) return undefined;
  return change === undefined ? before : { ...before, ...given(change) };
}

/** Without what is undefined. */
function given(changes: object): object {
  return Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
}
