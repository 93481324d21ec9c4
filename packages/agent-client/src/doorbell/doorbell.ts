import { AgentError } from "../errors/agent-error.ts";
import { guestText } from "../errors/guest-text.ts";
import { checkSocketPath } from "../socket/socket-path.ts";
import { BootExchange } from "./boot-exchange.ts";
import { checkGuestConfig, type GuestConfig } from "./guest-config.ts";
import { GuestListener } from "./guest-listener.ts";
import type { GuestHello, GuestReady } from "./guest-ready.ts";
import { rehearseBoot } from "./rehearsal.ts";

/** What a {@link Doorbell} needs. */
export interface DoorbellOptions {
  /** Where to bind: at most 107 bytes, not existing yet, best in a directory that only this user may enter. */
  readonly socketPath: string;
  /** What the guest is told, once. */
  readonly config: GuestConfig;
  /** Stops waiting: `ready` rejects with its reason. It carries the boot's deadline. */
  readonly signal?: AbortSignal | undefined;
}

/** The host's end of a boot. Dispose it as soon as the guest is ready: nothing that runs there later shall find it. */
export interface Doorbell extends AsyncDisposable {
  readonly socketPath: string;
  /** The guest that took its configuration; rejects as `ready` does when none did. */
  readonly configured: Promise<GuestHello>;
  /**
   * The guest that says it is ready. Rejects with {@link AgentError} `GUEST_BOOT_FAILED`, `PROTOCOL_MISMATCH`,
   * `DOORBELL_CLOSED`, or with the signal's reason. A rejection that nobody looks at does no harm.
   */
  readonly ready: Promise<GuestReady>;
  /**
   * Runs the code of a boot once, so that the guest does not wait while Node does so for the first time. Call it when the VM has been
   * started: the host is idle while a kernel boots. Never rejects.
   */
  rehearse(): Promise<void>;
}

/**
 * Serves `a3s.boot.v1` on a Unix socket, to be bound before the VM starts: the guest takes its configuration here
 * and says when it is ready.
 *
 * ```ts
 * await using doorbell = await listenDoorbell({ socketPath, config, signal });
 * startVm();
 * const { stages } = await doorbell.ready;
 * ```
 *
 * @throws {@link AgentError} `SOCKET_PATH_TOO_LONG`, `GUEST_CONFIG_INVALID`, `DOORBELL_UNAVAILABLE`, or the signal's reason.
 */
export async function listenDoorbell({ socketPath, config, signal }: DoorbellOptions): Promise<Doorbell> {
  checkSocketPath(socketPath);
  checkGuestConfig(config);
  signal?.throwIfAborted();
  const exchange = new BootExchange(config);
  const listener = await bind(socketPath, exchange);
  const abort = () => exchange.end(signal?.reason);
  if (signal?.aborted) abort();
  else signal?.addEventListener("abort", abort, { once: true });
  return {
    socketPath,
    configured: exchange.configured,
    ready: exchange.outcome,
    // Nothing depends on it.
    rehearse: () => rehearseBoot(config).catch(() => {}),
    async [Symbol.asyncDispose]() {
      signal?.removeEventListener("abort", abort);
      exchange.end(
        new AgentError({
          code: "DOORBELL_CLOSED",
          message: "The doorbell was disposed before the guest was ready",
          hint: "Await `ready` before disposing the doorbell.",
        }),
      );
      await listener[Symbol.asyncDispose]();
    },
  };
}

async function bind(socketPath: string, exchange: BootExchange): Promise<GuestListener> {
  try {
    return await GuestListener.listen(socketPath, (message, caller) => exchange.hear(message, caller));
  } catch (cause) {
    throw new AgentError({
      code: "DOORBELL_UNAVAILABLE",
      message: `The doorbell cannot be bound to ${socketPath}: ${guestText(String(cause))}`,
      hint: "The directory must exist and be writable, and the path must not exist yet.",
      cause,
    });
  }
}
