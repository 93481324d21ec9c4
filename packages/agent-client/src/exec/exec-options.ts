import type { ResourceLimits, ResourceName } from "@a3s/core";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { AgentError } from "../errors/agent-error.ts";
import type { ExecStartSchema } from "../gen/a3s/agent/v1/agent_pb.ts";
import { durationFromMs } from "../time/duration.ts";
import { type LinuxSignal, signalNumber } from "./linux-signal.ts";
import { planResourceLimits } from "./resource-limits.ts";
import type { StdinSource } from "./stdin-source.ts";
import { checkTerminalSize, DEFAULT_TERM, DEFAULT_TERMINAL_SIZE, type TerminalSize } from "./terminal-size.ts";

/** Bytes of each output stream that an awaited process keeps; 16 MiB. What goes beyond is dropped and `truncated` set. */
export const DEFAULT_MAX_BUFFER_BYTES = 16 * 1024 * 1024;

/** The environment of a process that is given none: where commands are found, and nothing else. */
export const DEFAULT_EXEC_ENV: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** Longest `timeoutMs` of an exec, in milliseconds: what a timer of Node takes, with room for a grace. */
const MAX_TIMEOUT_MS = 2_000_000_000;
/** Longest time from SIGTERM to SIGKILL in milliseconds; the protocol's own bound. */
export const MAX_GRACE_MS = 3_600_000;

/** A program and its arguments, or a line for the guest's `/bin/sh -c`. */
export type ExecCommand = string | readonly string[];

/** Capabilities by name, with or without `CAP_`. What is dropped is had by nobody, whoever adds it. */
export interface CapabilityOptions {
  readonly add?: readonly string[] | undefined;
  readonly drop?: readonly string[] | undefined;
}

/** See {@link ExecOptions.seccomp}. */
export type SeccompProfile = "default" | "unconfined";

/** How a command is run. */
export interface ExecOptions {
  /** The whole environment: nothing is added to it. {@link DEFAULT_EXEC_ENV} when left out. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Absolute working directory in the guest; "/" by default, created when missing. */
  readonly cwd?: string | undefined;
  /** "user", "uid", "user:group" or "uid:gid" of the guest; root by default. */
  readonly user?: string | undefined;
  /**
   * What the command reads, or `true` to write it to the process's `stdin`. Left out, its stdin is /dev/null, or `true`
   * with a terminal. On a terminal the end of a source is typed as Ctrl-D.
   */
  readonly stdin?: StdinSource | true | undefined;
  /**
   * Runs the command on a terminal of its own, 80 by 24 with `true`: its output is all `stdout`, Ctrl-C is `"\x03"` in its
   * stdin, and the end of the call hangs up. `TERM` becomes "xterm-256color" unless `env` holds one.
   */
  readonly tty?: boolean | TerminalSize | undefined;
  /** The command goes on when the call ends, however that comes; its output is dropped then. `client.processes` finds it. */
  readonly detached?: boolean | undefined;
  /**
   * Capabilities of the command beside or without those that container engines give root by default: names as in
   * capabilities(7), or "ALL". What is added is had by any user, the default by root alone.
   */
  readonly capabilities?: CapabilityOptions | undefined;
  /** Lets programs such as sudo and ping give the command rights that it has not; false by default (no_new_privs). */
  readonly newPrivileges?: boolean | undefined;
  /**
   * Which system calls the command may make. `default`: what container engines allow by default, opened by its `capabilities`; what is
   * refused fails with EPERM, or ENOSYS when it is newer than the agent's list. `unconfined`: all.
   */
  readonly seccomp?: SeccompProfile | undefined;
  /**
   * Limits by the lower-case names of getrlimit(2): a number for both, or the soft one and the maximum; `Infinity` for none.
   * Without `nofile` the soft limit of open files is 1024.
   */
  readonly rlimits?: Readonly<Partial<Record<ResourceName, number | ResourceLimits>>> | undefined;
  /** Abort to end the call: the guest kills the process and what it started; the process rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Time to the command's end in milliseconds, at most 23 days. Then the guest kills the process and what it started, and
   * the result says `timedOut`. No limit by default.
   */
  readonly timeoutMs?: number | undefined;
  /**
   * From SIGTERM to SIGKILL in milliseconds, at most one hour, when the call's end or `timeoutMs` ends the command. By default
   * SIGKILL comes at once, and 1 s after a terminal hung up.
   */
  readonly killGraceMs?: number | undefined;
  /**
   * What asks the command, and it alone, to end, where a grace or the guest's shutdown has it asked. Left out, its process
   * group gets SIGTERM.
   */
  readonly stopSignal?: LinuxSignal | number | undefined;
  /** Bytes that an awaited process keeps of each output stream; {@link DEFAULT_MAX_BUFFER_BYTES} by default. */
  readonly maxBufferBytes?: number | undefined;
}

/**
 * The first message of an exec.
 *
 * @throws {@link AgentError} `EXEC_INVALID`, `EXEC_CWD_INVALID`
 */
export function planExecStart(
  command: ExecCommand,
  options: ExecOptions,
): MessageInitShape<typeof ExecStartSchema> & { argv: string[] } {
  const argv = typeof command === "string" ? ["/bin/sh", "-c", command] : [...command];
  const { cwd = "", user = "", stdin, tty = false, detached = false, maxBufferBytes = 0 } = options;
  if (!(maxBufferBytes >= 0)) throw invalid(`maxBufferBytes cannot be ${maxBufferBytes}`, "Give a number of bytes.");
  if (argv.length === 0 || argv[0] === "") throw invalid("The command is empty", "Name a program to run.");
  for (const argument of argv) checkText(argument, "argument");
  const terminal = tty === false ? undefined : checkTerminalSize(tty === true ? DEFAULT_TERMINAL_SIZE : tty);
  checkText(user, "user");
  checkCwd(cwd);
  const { add = [], drop = [] } = options.capabilities ?? {};
  for (const name of [...add, ...drop]) checkText(name, "capability");
  return {
    argv,
    env: planEnv(options.env ?? DEFAULT_EXEC_ENV, terminal !== undefined),
    cwd,
    user,
    openStdin: stdin !== undefined || terminal !== undefined,
    ...(terminal !== undefined && { terminal }),
    detach: detached,
    ...(options.capabilities !== undefined && { capabilities: { add: [...add], drop: [...drop] } }),
    newPrivileges: options.newPrivileges ?? false,
    seccompUnconfined: isUnconfined(options.seccomp),
    limits: planResourceLimits(options.rlimits ?? {}),
    ...(options.stopSignal !== undefined && { stopSignal: signalNumber(options.stopSignal) }),
    ...planMs("timeout", options.timeoutMs, MAX_TIMEOUT_MS),
    ...planMs("killGrace", options.killGraceMs, MAX_GRACE_MS),
  };
}

function isUnconfined(profile: SeccompProfile = "default"): boolean {
  if (profile !== "default" && profile !== "unconfined") {
    throw invalid(`There is no seccomp profile ${JSON.stringify(profile)}`, 'Give "default" or "unconfined".');
  }
  return profile === "unconfined";
}

function planEnv(env: Readonly<Record<string, string>>, onTerminal: boolean): { name: string; value: string }[] {
  const planned = Object.entries(env).map(([name, value]) => ({ name, value }));
  for (const { name, value } of planned) {
    if (name === "" || name.includes("=")) {
      throw invalid(`${JSON.stringify(name)} is not a name of a variable`, "A name is not empty and holds no =.");
    }
    checkText(name, "variable");
    checkText(value, `variable ${name}`);
  }
  return onTerminal && !("TERM" in env) ? [...planned, { name: "TERM", value: DEFAULT_TERM }] : planned;
}

function planMs<Field extends string>(field: Field, ms: number | undefined, mostMs: number) {
  if (ms === undefined) return {};
  if (!(ms >= 0 && ms <= mostMs)) throw invalid(`${field}Ms cannot be ${ms}`, `Give 0 to ${mostMs} milliseconds.`);
  return { [field]: durationFromMs(ms) };
}

function checkCwd(cwd: string): void {
  checkText(cwd, "working directory");
  if (cwd !== "" && !cwd.startsWith("/")) {
    throw new AgentError({
      code: "EXEC_CWD_INVALID",
      message: `The working directory ${JSON.stringify(cwd)} is not absolute`,
      hint: "Give the path in the guest from its root.",
    });
  }
}

/** execve(2) takes neither a NUL byte nor what UTF-8 cannot say. */
function checkText(text: string, what: string): void {
  if (text.includes("\0")) throw invalid(`The ${what} ${JSON.stringify(text)} holds a NUL byte`, "Leave it out.");
  if (/\p{Cs}/u.test(text)) {
    throw invalid(`The ${what} ${JSON.stringify(text)} holds half a surrogate pair`, "Use well-formed strings.");
  }
}

function invalid(message: string, hint: string): AgentError {
  return new AgentError({ code: "EXEC_INVALID", message, hint });
}
