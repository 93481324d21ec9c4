import type { DescMethodUnary, MessageInitShape, MessageShape } from "@bufbuild/protobuf";
import { connectAgent } from "../client/agent-client.ts";
import { BootService } from "../gen/a3s/boot/v1/boot_pb.ts";
import { frameMessage } from "../grpc/message-frame.ts";
import { unaryRoute } from "../grpc/unary-handler.ts";
import { AGENT_PROTOCOL } from "../protocol.ts";
import { durationFromMs } from "../time/duration.ts";
import { BootExchange } from "./boot-exchange.ts";
import type { GuestConfig } from "./guest-config.ts";

/**
 * Runs once what a boot will run: a whole exchange that nobody hears of, and a call for the doorbell's health as the agent will be asked.
 * The first run of code takes Node many times as long as the second, and the guest waits for it. Nothing depends on it, so it never rejects.
 */
export async function rehearseBoot(socketPath: string, config: GuestConfig): Promise<void> {
  await using client = connectAgent({ socketPath });
  try {
    exchangeOnce(config);
    await client.health();
  } catch {
    // The guest was faster, and the doorbell is gone.
  }
}

/** What a guest says while it boots, and what it is answered. */
function exchangeOnce(config: GuestConfig): void {
  const { configure, ready } = BootService.method;
  const exchange = new BootExchange(config);
  const duration = durationFromMs(1);
  const hello = { agentVersion: "0.0.0", protocol: AGENT_PROTOCOL, sinceKernelStart: duration };
  answerOnce(configure, hello, (request) => exchange.configure(request));
  answerOnce(ready, { stages: [{ name: "rehearsal", duration }] }, (request) => exchange.ready(request));
}

/** Takes a request through all that happens to one between its bytes and its answer's. */
function answerOnce<I extends DescMethodUnary["input"], O extends DescMethodUnary["output"]>(
  method: DescMethodUnary<I, O>,
  request: MessageInitShape<I>,
  answer: (request: MessageShape<I>) => MessageInitShape<O>,
): void {
  const bytes = Buffer.concat(frameMessage(method.input, request));
  const call = unaryRoute(method, answer).begin(bytes.length);
  call.take(bytes);
  call.answer();
}
