import type { EventBus } from "@a3s/core";
import { type BoxConfigInput, type BoxEvents, VmManager } from "../src/index.ts";
import { BOOT_TIMEOUT_MS, exampleImage } from "./example-image.ts";

/**
 * What VM tests boot, unless they say otherwise: the example image with little memory, and the time that an emulated host takes. One vCPU:
 * that host has one processor, on which each further one makes boots and commands take half again as long.
 */
export function exampleConfig(more: Partial<BoxConfigInput> = {}): BoxConfigInput {
  return { image: exampleImage(), vcpus: 1, memoryMib: 256, bootTimeoutMs: BOOT_TIMEOUT_MS, ...more };
}

/** A box of that, not booted yet. */
export function exampleBox(
  home: string,
  config: Partial<BoxConfigInput> = {},
  events?: EventBus<BoxEvents>,
): VmManager {
  return new VmManager(exampleConfig(config), events, { home });
}
