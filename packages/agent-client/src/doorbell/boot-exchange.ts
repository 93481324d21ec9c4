import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import { guestText } from "../errors/guest-text.ts";
import type {
  ConfigureRequest,
  ConfigureResponseSchema,
  FailRequest,
  ReadyRequest,
} from "../gen/a3s/boot/v1/boot_pb.ts";
import { AGENT_PROTOCOL } from "../protocol.ts";
import { durationToMs } from "../time/duration.ts";
import { type GuestConfig, guestConfigMessage } from "./guest-config.ts";
import { mainError } from "./guest-main.ts";
import { type GuestHello, type GuestReady, readStages } from "./guest-ready.ts";

/**
 * The conversation of one boot: Configure once, then Ready or Fail once. Everything else is answered with
 * FAILED_PRECONDITION, so that nothing that runs in the guest later can ask for the configuration again.
 */
export class BootExchange {
  /** The guest that took its configuration, or why none did. */
  readonly configured: Promise<GuestHello>;
  /** The guest that is ready, or why it is not. */
  readonly outcome: Promise<GuestReady>;
  readonly #config: GuestConfig;
  readonly #configured = Promise.withResolvers<GuestHello>();
  readonly #outcome = Promise.withResolvers<GuestReady>();
  #phase: "silent" | GuestHello | "over" = "silent";

  constructor(config: GuestConfig) {
    this.#config = config;
    this.configured = this.#configured.promise;
    this.outcome = this.#outcome.promise;
    // A boot may fail while nobody looks at the one or the other.
    this.configured.catch(() => {});
    this.outcome.catch(() => {});
  }

  configure(request: ConfigureRequest): MessageInitShape<typeof ConfigureResponseSchema> {
    if (this.#phase !== "silent") throw outOfOrder("Configure");
    const agentVersion = guestText(request.agentVersion, 256);
    if (request.protocol !== AGENT_PROTOCOL) {
      this.end(protocolMismatch(agentVersion, request.protocol));
      throw new ConnectError(`protocol ${AGENT_PROTOCOL} is required`, Code.FailedPrecondition);
    }
    this.#phase = {
      agentVersion,
      protocol: request.protocol,
      kernelMs: durationToMs(request.sinceKernelStart),
      configuredAt: performance.now(),
    };
    this.#configured.resolve(this.#phase);
    return { config: guestConfigMessage(this.#config, new Date()) };
  }

  ready(request: ReadyRequest): Record<string, never> {
    if (typeof this.#phase === "string") throw outOfOrder("Ready");
    const hello = this.#phase;
    this.#phase = "over";
    this.#outcome.resolve({ ...hello, stages: readStages(request.stages), readyAt: performance.now() });
    return {};
  }

  fail(request: FailRequest): Record<string, never> {
    if (this.#phase === "over") throw outOfOrder("Fail");
    const { main } = this.#config;
    this.end(request.main === undefined || main === undefined ? bootFailed(request) : mainError(main, request.main));
    return {};
  }

  /** Ends the conversation from this side; without effect when it is over. */
  end(reason: unknown): void {
    this.#phase = "over";
    this.#configured.reject(reason);
    this.#outcome.reject(reason);
  }
}

function outOfOrder(call: string): ConnectError {
  return new ConnectError(`${call} is not expected now`, Code.FailedPrecondition);
}

function protocolMismatch(agentVersion: string, protocol: number): AgentError {
  return new AgentError({
    code: "PROTOCOL_MISMATCH",
    message: `The guest agent ${agentVersion} speaks protocol ${protocol}; this version knows ${AGENT_PROTOCOL}`,
    hint: "Install the guest agent and @a3s/agent-client from one release.",
    details: { agentVersion, protocol, expected: AGENT_PROTOCOL },
  });
}

function bootFailed(request: FailRequest): AgentError {
  const stage = guestText(request.stage, 64);
  const message = guestText(request.message);
  return new AgentError({
    code: "GUEST_BOOT_FAILED",
    message: `The guest failed to boot at "${stage}": ${message}`,
    hint: "The stage and errno in the details say what the guest could not do; its console may say more.",
    details: { stage, message, errno: request.errno },
  });
}
