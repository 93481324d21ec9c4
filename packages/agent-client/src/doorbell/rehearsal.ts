import { fromBinary } from "@bufbuild/protobuf";
import { connectAgent } from "../client/agent-client.ts";
import { BootService } from "../gen/a3s/boot/v1/boot_pb.ts";
import { frameMessage } from "../grpc/message-frame.ts";
import { type GuestConfig, guestConfigMessage } from "./guest-config.ts";

/**
 * Runs once what a boot will run: writes a configuration, and asks the doorbell for its health as the agent will be asked. The first run of
 * code takes Node many times as long as the second, and the guest waits for it. Nothing depends on it, so it never rejects.
 */
export async function rehearseBoot(socketPath: string, config: GuestConfig): Promise<void> {
  const { configure, ready } = BootService.method;
  await using client = connectAgent({ socketPath });
  try {
    await client.health();
    frameMessage(configure.output, { config: guestConfigMessage(config, new Date()) });
    for (const { input } of [configure, ready]) fromBinary(input, new Uint8Array());
  } catch {
    // The guest was faster, and the doorbell is gone.
  }
}
