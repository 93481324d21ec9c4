import { protocolViolation } from "../errors/agent-error.ts";
import type { StatsResponse } from "../gen/a3s/agent/v1/system_pb.ts";
import { durationToMs } from "../time/duration.ts";

/** What a guest says that it uses; its kernel's own numbers, which a guest can make up. */
export interface SystemStats {
  /** Since the guest's kernel started, in milliseconds. */
  readonly uptimeMs: number;
  /** Time of all CPUs together since then, in milliseconds; `stealMs` is what the guest wanted and the host did not give. */
  readonly cpu: {
    readonly count: number;
    readonly userMs: number;
    readonly systemMs: number;
    readonly idleMs: number;
    readonly ioWaitMs: number;
    readonly stealMs: number;
  };
  /** `availableBytes` is what programs could get without anything being written to disk. */
  readonly memory: {
    readonly totalBytes: number;
    readonly freeBytes: number;
    readonly availableBytes: number;
    readonly cachedBytes: number;
  };
  /** What went through its network cards, but not its loopback. */
  readonly network: { readonly receivedBytes: number; readonly sentBytes: number };
  /** Averages over 1, 5 and 15 minutes of the tasks that run or wait for a disk. */
  readonly load: readonly [number, number, number];
  /** Tasks there are, threads and the kernel's included. */
  readonly taskCount: number;
}

/** @throws AgentError `AGENT_PROTOCOL_VIOLATION` for what is not a number that there is. */
export function readStats(response: StatsResponse): SystemStats {
  const { uptime, cpu, cpuCount, memory, network, load, taskCount } = response;
  return {
    uptimeMs: durationToMs(uptime),
    cpu: {
      count: cpuCount,
      userMs: durationToMs(cpu?.user),
      systemMs: durationToMs(cpu?.system),
      idleMs: durationToMs(cpu?.idle),
      ioWaitMs: durationToMs(cpu?.ioWait),
      stealMs: durationToMs(cpu?.steal),
    },
    memory: {
      totalBytes: readBytes(memory?.total),
      freeBytes: readBytes(memory?.free),
      availableBytes: readBytes(memory?.available),
      cachedBytes: readBytes(memory?.cached),
    },
    network: { receivedBytes: readBytes(network?.receivedBytes), sentBytes: readBytes(network?.sentBytes) },
    load: [readLoad(load[0]), readLoad(load[1]), readLoad(load[2])],
    taskCount,
  };
}

function readBytes(bytes: bigint = 0n): number {
  if (bytes > Number.MAX_SAFE_INTEGER) throw protocolViolation(`it reported ${bytes} bytes`);
  return Number(bytes);
}

function readLoad(load: number = 0): number {
  if (!(load >= 0 && load < Number.POSITIVE_INFINITY)) throw protocolViolation(`it reported a load of ${load}`);
  return load;
}
