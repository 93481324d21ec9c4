import { durationFromMs } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import type { SystemService } from "../../gen/a3s/agent/v1/system_pb.ts";
import type { Guest } from "../guest/guest.ts";

const MIB = 1024n * 1024n;
/** What the protocol allows, in bytes. */
const [LEAST_ENTROPY, MOST_ENTROPY] = [16, 512];

/** SystemService of a guest in memory: two idle CPUs, and a clock that it has been told. */
export function systemService(guest: Guest, began: number): ServiceImpl<typeof SystemService> {
  // So that the time grows, however fast the calls are.
  let calls = 0;
  return {
    stats() {
      const uptimeMs = Math.round(performance.now() - began) + calls++;
      const running = [...guest.processes.values()].filter(({ isOver }) => !isOver).length;
      return {
        uptime: durationFromMs(uptimeMs),
        cpu: { user: durationFromMs(1), system: durationFromMs(1), idle: durationFromMs(2 * uptimeMs) },
        cpuCount: 2,
        memory: { total: 512n * MIB, free: 400n * MIB, available: 450n * MIB, cached: 20n * MIB },
        network: { receivedBytes: 0n, sentBytes: 0n },
        load: [0, 0, 0],
        taskCount: 2 + running,
      };
    },
    setTime({ time }) {
      if (time === undefined || time.seconds <= 0n) throw new ConnectError("no time of a clock", Code.InvalidArgument);
      return {};
    },
    sync: () => ({}),
    reseedRandom({ entropy }) {
      if (entropy.length < LEAST_ENTROPY || entropy.length > MOST_ENTROPY) {
        throw new ConnectError("entropy is not 16 to 512 bytes", Code.InvalidArgument);
      }
      return {};
    },
  };
}
