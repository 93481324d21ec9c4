import { type BoxConfig, parseBoxConfig } from "@a3s/core";
import type { BoxChanges } from "./box.ts";

/** A configuration with what changes of it; what is left out stays. Pure. @throws CoreError `CONFIG_INVALID` */
export function changeConfig(config: BoxConfig, changes: BoxChanges): BoxConfig {
  const { labels, stopGraceMs, restart, healthCheck, lifetimeMs } = changes;
  const given = Object.entries({ labels, stopGraceMs, restart, healthCheck, lifetimeMs });
  return parseBoxConfig({ ...config, ...Object.fromEntries(given.filter(([, value]) => value !== undefined)) });
}
