import type { MessageInitShape } from "@bufbuild/protobuf";
import { AgentError } from "../errors/agent-error.ts";
import { guestText } from "../errors/guest-text.ts";
import type { Failed, GuestMessage, Hello, HostMessageSchema, Ready } from "../gen/a3s/boot/v1/boot_pb.ts";
import { AGENT_PROTOCOL } from "../protocol.ts";
import { durationToMs } from "../time/duration.ts";
import { type GuestConfig, guestConfigMessage } from "./guest-config.ts";
import { mainError } from "./guest-main.ts";
import { type GuestHello, type GuestReady, readStages } from "./guest-ready.ts";

/** What a guest is answered. */
export type HostAnswer = NonNullable<MessageInitShape<typeof HostMessageSchema>["message"]>;

/** A guest that was given its configuration. */
interface Configured {
  readonly caller: object;
  readonly hello: GuestHello;
}

/**
 * The conversation of one boot: Hello once, then Ready or Failed once from the same caller. Everything else is refused, so that nothing that
 * runs in the guest can ask for the configuration again or say how its boot ended.
 */
export class BootExchange {
  /** The guest that took its configuration, or why none did. */
  readonly configured: Promise<GuestHello>;
  /** The guest that is ready, or why it is not. */
  readonly outcome: Promise<GuestReady>;
  readonly #config: GuestConfig;
  readonly #configured = Promise.withResolvers<GuestHello>();
  readonly #outcome = Promise.withResolvers<GuestReady>();
  #phase: "silent" | Configured | "over" = "silent";

  constructor(config: GuestConfig) {
    this.#config = config;
    this.configured = this.#configured.promise;
    this.outcome = this.#outcome.promise;
    // A boot may fail while nobody looks at the one or the other.
    this.configured.catch(() => {});
    this.outcome.catch(() => {});
  }

  /** Answers a message. `caller` is the same object for all that one caller says. */
  hear({ message }: GuestMessage, caller: object): HostAnswer {
    switch (message.case) {
      case "hello":
        return this.#hello(message.value, caller);
      case "ready":
        return this.#ready(message.value, caller);
      case "failed":
        return this.#failed(message.value, caller);
      default:
        return refused("this message is not known");
    }
  }

  /** Ends the conversation from this side; without effect when it is over. */
  end(reason: unknown): void {
    this.#phase = "over";
    this.#configured.reject(reason);
    this.#outcome.reject(reason);
  }

  #hello(hello: Hello, caller: object): HostAnswer {
    if (this.#phase !== "silent") return unexpected("Hello");
    const agentVersion = guestText(hello.agentVersion, 256);
    if (hello.protocol !== AGENT_PROTOCOL) {
      this.end(protocolMismatch(agentVersion, hello.protocol));
      return refused(`protocol ${AGENT_PROTOCOL} is required`);
    }
    const guest = {
      agentVersion,
      protocol: hello.protocol,
      kernelMs: durationToMs(hello.sinceKernelStart),
      configuredAt: performance.now(),
    };
    this.#phase = { caller, hello: guest };
    this.#configured.resolve(guest);
    return { case: "config", value: guestConfigMessage(this.#config, new Date()) };
  }

  #ready({ stages }: Ready, caller: object): HostAnswer {
    const hello = this.#configuredBy(caller);
    if (hello === undefined) return unexpected("Ready");
    this.#phase = "over";
    this.#outcome.resolve({ ...hello, stages: readStages(stages), readyAt: performance.now() });
    return received;
  }

  #failed(failed: Failed, caller: object): HostAnswer {
    if (this.#configuredBy(caller) === undefined) return unexpected("Failed");
    const { main } = this.#config;
    this.end(failed.main === undefined || main === undefined ? bootFailed(failed) : mainError(main, failed.main));
    return received;
  }

  /** The guest that took its configuration, if this is it and its boot is not over. */
  #configuredBy(caller: object): GuestHello | undefined {
    return typeof this.#phase === "object" && this.#phase.caller === caller ? this.#phase.hello : undefined;
  }
}

const received: HostAnswer = { case: "received", value: {} };

function unexpected(message: string): HostAnswer {
  return refused(`${message} is not expected now`);
}

function refused(reason: string): HostAnswer {
  return { case: "refused", value: { reason } };
}

function protocolMismatch(agentVersion: string, protocol: number): AgentError {
  return new AgentError({
    code: "PROTOCOL_MISMATCH",
    message: `The guest agent ${agentVersion} speaks protocol ${protocol}; this version knows ${AGENT_PROTOCOL}`,
    hint: "Install the guest agent and @a3s/agent-client from one release.",
    details: { agentVersion, protocol, expected: AGENT_PROTOCOL },
  });
}

function bootFailed(failed: Failed): AgentError {
  const stage = guestText(failed.stage, 64);
  const message = guestText(failed.message);
  return new AgentError({
    code: "GUEST_BOOT_FAILED",
    message: `The guest failed to boot at "${stage}": ${message}`,
    hint: "The stage and errno in the details say what the guest could not do; its console may say more.",
    details: { stage, message, errno: failed.errno },
  });
}
