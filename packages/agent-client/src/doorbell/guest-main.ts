import type { MessageInitShape } from "@bufbuild/protobuf";
import { AgentError } from "../errors/agent-error.ts";
import { type ExecCommand, type ExecOptions, MAX_GRACE_MS, planExecStart } from "../exec/exec-options.ts";
import { startError } from "../exec/exec-reader.ts";
import type { ExecFailed } from "../gen/a3s/agent/v1/agent_pb.ts";
import { MainProcess_Start, type MainProcessSchema } from "../gen/a3s/boot/v1/boot_pb.ts";
import { durationFromMs } from "../time/duration.ts";

/** What `exec` takes that a main process can have, too. */
export type GuestMainOptions = Omit<
  ExecOptions,
  "stdin" | "detached" | "signal" | "timeoutMs" | "killGraceMs" | "maxBufferBytes"
>;

/**
 * The process that a guest is for. Its output goes to the virtio ports `a3s.stdout` and `a3s.stderr` of its VM, which it must have, and to
 * whoever is attached. When it ends, the guest does, and the VM with its exit code.
 */
export interface GuestMain extends GuestMainOptions {
  readonly command: ExecCommand;
  /** Whoever attaches can write its stdin; otherwise it is /dev/null, or a terminal that nobody types on. True with a terminal by default, else false. */
  readonly stdin?: boolean | undefined;
  /** `attach` has the first who attaches start it, who misses no byte then. `boot` by default: the boot fails where it cannot be started. */
  readonly start?: "boot" | "attach" | undefined;
  /** The guest goes on when it has ended; false by default. */
  readonly keepAlive?: boolean | undefined;
  /** To SIGKILL for what else runs when it has ended, in milliseconds, at most one hour; 0 by default. */
  readonly endGraceMs?: number | undefined;
}

/** What keeps a main process from being one; undefined when nothing does. */
export function mainFault(main: GuestMain): string | undefined {
  const { endGraceMs = 0 } = main;
  if (!(endGraceMs >= 0 && endGraceMs <= MAX_GRACE_MS)) return `endGraceMs: 0 to ${MAX_GRACE_MS} milliseconds`;
  try {
    guestMainMessage(main);
    return undefined;
  } catch (error) {
    return error instanceof AgentError ? error.message : String(error);
  }
}

/** @throws {@link AgentError} as `exec` does. */
export function guestMainMessage(main: GuestMain): MessageInitShape<typeof MainProcessSchema> {
  const { command, stdin, start = "boot", keepAlive = false, endGraceMs = 0, ...options } = main;
  const process = planExecStart(command, options);
  return {
    process: { ...process, openStdin: stdin ?? process.terminal !== undefined },
    start: start === "boot" ? MainProcess_Start.UNSPECIFIED : MainProcess_Start.ON_ATTACH,
    keepAlive,
    endGrace: durationFromMs(endGraceMs),
  };
}

/** Why a boot failed whose main process could not be started: the error that `exec` would have failed with. */
export function mainError({ command }: GuestMain, failed: ExecFailed): AgentError {
  return startError((typeof command === "string" ? "/bin/sh" : command[0]) ?? "", failed);
}
