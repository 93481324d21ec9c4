import { setTimeout as delay } from "node:timers/promises";
import type { AgentClient, SystemStats } from "@a3s/agent-client";
import type { BoxConfig } from "@a3s/core";
import type { AttachedVm } from "@a3s/vm";
import type { BoxStatsOptions } from "./box.ts";
import type { BoxStats } from "./box-description.ts";
import { readDiskUse } from "./disk-use.ts";
import { networkUse } from "./network-use.ts";

const DEFAULT_INTERVAL_MS = 1000;
const MIN_INTERVAL_MS = 100;

/** Readings until the VM has ended or the reader leaves: a meter has no events, it is read. */
export async function* readBoxStats(
  agent: AgentClient,
  vm: AttachedVm,
  config: Pick<BoxConfig, "network">,
  { intervalMs = DEFAULT_INTERVAL_MS, signal }: BoxStatsOptions,
): AsyncGenerator<BoxStats, void, undefined> {
  const interval = Math.max(intervalMs, MIN_INTERVAL_MS);
  const over = new AbortController();
  void vm.exited.then(() => over.abort());
  const until = AbortSignal.any(signal === undefined ? [over.signal] : [over.signal, signal]);
  try {
    for (let before: SystemStats | undefined; ; ) {
      const [now, disk] = await Promise.all([agent.system.stats({ signal: until }), readDiskUse(vm.vmPid)]);
      yield { ...compareStats(before, now, new Date()), disk, network: networkUse(config, now.network) };
      before = now;
      await delay(interval, undefined, { signal: until });
    }
  } catch (error) {
    signal?.throwIfAborted();
    if (!over.signal.aborted) throw error;
  }
}

/** What was used between two readings. Pure. */
export function compareStats(before: SystemStats | undefined, now: SystemStats, time: Date): BoxStats {
  const { uptimeMs, cpu, memory, load, taskCount } = now;
  const elapsedMs = uptimeMs - (before?.uptimeMs ?? uptimeMs);
  const usedMs = busyMs(now) - (before === undefined ? busyMs(now) : busyMs(before));
  const percent = elapsedMs > 0 ? Math.min(Math.max((usedMs / elapsedMs) * 100, 0), cpu.count * 100) : 0;
  return {
    ...{ time: time.toISOString(), uptimeMs, load, taskCount },
    cpu: { count: cpu.count, percent, busyMs: busyMs(now) },
    memory: { totalBytes: memory.totalBytes, usedBytes: Math.max(memory.totalBytes - memory.availableBytes, 0) },
  };
}

function busyMs({ cpu }: SystemStats): number {
  return cpu.userMs + cpu.systemMs;
}
