import { connect, createServer } from "node:http2";
import { duplexPair } from "node:stream";
import { create } from "@bufbuild/protobuf";
import { sizeDelimitedEncode } from "@bufbuild/protobuf/wire";
import { readHealth } from "../client/agent-health.ts";
import { GuestMessageSchema } from "../gen/a3s/boot/v1/boot_pb.ts";
import {
  Health,
  HealthCheckResponse_ServingStatus,
  HealthCheckResponseSchema,
} from "../gen/grpc/health/v1/health_pb.ts";
import { createGrpcClient } from "../grpc/grpc-client.ts";
import { GrpcTransport } from "../grpc/grpc-transport.ts";
import { frameMessage } from "../grpc/message-frame.ts";
import { AGENT_PROTOCOL, MAX_AGENT_MESSAGE_BYTES } from "../protocol.ts";
import { durationFromMs } from "../time/duration.ts";
import { BootExchange } from "./boot-exchange.ts";
import { converse } from "./conversation.ts";
import type { GuestConfig } from "./guest-config.ts";

/**
 * Runs once what a boot will run: a whole exchange that nobody hears of, and a call for the health of an agent. The first run of code takes
 * Node many times as long as the second, and the guest waits for it.
 */
export async function rehearseBoot(config: GuestConfig): Promise<void> {
  await rehearseExchange(config);
  await rehearseHealth();
}

async function rehearseExchange(config: GuestConfig): Promise<void> {
  const [guest, host] = duplexPair();
  const exchange = new BootExchange(config);
  const duration = durationFromMs(1);
  const hello = { agentVersion: "0.0.0", protocol: AGENT_PROTOCOL, sinceKernelStart: duration };
  const ready = { stages: [{ name: "rehearsal", duration }] };
  for (const message of [
    { case: "hello", value: hello },
    { case: "ready", value: ready },
  ] as const) {
    guest.write(sizeDelimitedEncode(GuestMessageSchema, create(GuestMessageSchema, { message })));
  }
  guest.resume().end();
  await converse(host, (message, caller) => exchange.hear(message, caller));
  await exchange.outcome;
}

async function rehearseHealth(): Promise<void> {
  const [near, far] = duplexPair();
  const server = createServer().on("stream", (stream) => {
    stream.once("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0" }));
    stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true });
    const frame = frameMessage(HealthCheckResponseSchema, { status: HealthCheckResponse_ServingStatus.SERVING });
    stream.end(Buffer.concat(frame));
  });
  server.emit("connection", far);
  const session = connect("http://localhost", { createConnection: () => near });
  try {
    const transport = new GrpcTransport((headers) => session.request(headers), MAX_AGENT_MESSAGE_BYTES);
    await readHealth(createGrpcClient(Health, transport).check({}));
  } finally {
    session.destroy();
  }
}
