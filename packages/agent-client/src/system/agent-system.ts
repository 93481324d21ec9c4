import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import type { Client } from "@connectrpc/connect";
import type { SystemService } from "../gen/a3s/agent/v1/system_pb.ts";
import { type CallOptions, callAgent } from "../session/call.ts";
import { readStats, type SystemStats } from "./system-stats.ts";

/** Random bytes that a guest gets when it is reseeded: twice what its generator's key holds. */
const ENTROPY_BYTES = 64;

/** The guest as a whole. Each method rejects as `AgentClient.health`. */
export class AgentSystem {
  readonly #service: Client<typeof SystemService>;

  /** @internal Made by `AgentClient`. */
  constructor(service: Client<typeof SystemService>) {
    this.#service = service;
  }

  /** What the guest uses of its CPUs and memory. */
  async stats(options: CallOptions = {}): Promise<SystemStats> {
    return await callAgent("stats", options, async (signal) => readStats(await this.#service.stats({}, { signal })));
  }

  /** Sets the guest's clock, to this machine's by default: it stands still while its VM does. */
  async setTime(time: Date = new Date(), options: CallOptions = {}): Promise<void> {
    const request = { time: timestampFromDate(time) };
    await callAgent("a time", options, (signal) => this.#service.setTime(request, { signal }));
  }

  /** Has the guest write what it caches to its disks and volumes; resolves when that is done. */
  async sync(options: CallOptions = {}): Promise<void> {
    await callAgent("a sync", options, (signal) => this.#service.sync({}, { signal }));
  }

  /** Mixes fresh random bytes of this machine into the guest's random numbers. */
  async reseedRandom(options: CallOptions = {}): Promise<void> {
    const request = { entropy: crypto.getRandomValues(new Uint8Array(ENTROPY_BYTES)) };
    await callAgent("entropy", options, (signal) => this.#service.reseedRandom(request, { signal }));
  }
}
