import type { MessageInitShape } from "@bufbuild/protobuf";
import { AgentError } from "../errors/agent-error.ts";
import type { ExecStartSchema } from "../gen/a3s/agent/v1/agent_pb.ts";
import type { StdinSource } from "./stdin-source.ts";

/** Bytes of each output stream that an awaited process keeps; 16 MiB. What goes beyond is dropped and `truncated` set. */
export const DEFAULT_MAX_BUFFER_BYTES = 16 * 1024 * 1024;

/** The environment of a process that is given none: where commands are found, and nothing else. */
export const DEFAULT_EXEC_ENV: Readonly<Record<string, string>> = {
  PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
};

/** How a command is run. */
export interface ExecOptions {
  /** The whole environment: nothing is added to it. {@link DEFAULT_EXEC_ENV} when left out. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Absolute working directory in the guest; "/" by default, created when missing. */
  readonly cwd?: string | undefined;
  /** "user", "uid", "user:group" or "uid:gid" of the guest; root by default. */
  readonly user?: string | undefined;
  /** What the command reads; left out, its stdin is /dev/null. */
  readonly stdin?: StdinSource | undefined;
  /** Abort to end the call: the guest kills the process group, the process rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Time to the command's end in milliseconds, after which it is ended as by `signal`. No limit by default. */
  readonly timeoutMs?: number | undefined;
  /** Bytes that an awaited process keeps of each output stream; {@link DEFAULT_MAX_BUFFER_BYTES} by default. */
  readonly maxBufferBytes?: number | undefined;
}

/**
 * The first message of an exec.
 *
 * @throws {@link AgentError} `EXEC_INVALID`, `EXEC_CWD_INVALID`
 */
export function planExecStart(
  argv: readonly string[],
  options: ExecOptions,
): MessageInitShape<typeof ExecStartSchema> & { argv: string[] } {
  const { env = DEFAULT_EXEC_ENV, cwd = "", user = "", stdin, maxBufferBytes = 0 } = options;
  if (!(maxBufferBytes >= 0)) throw invalid(`maxBufferBytes cannot be ${maxBufferBytes}`, "Give a number of bytes.");
  if (argv.length === 0 || argv[0] === "") throw invalid("The command is empty", "Name a program to run.");
  for (const argument of argv) checkText(argument, "argument");
  for (const [name, value] of Object.entries(env)) {
    if (name === "" || name.includes("=")) {
      throw invalid(`${JSON.stringify(name)} is not a name of a variable`, "A name is not empty and holds no =.");
    }
    checkText(name, "variable");
    checkText(value, `variable ${name}`);
  }
  checkText(user, "user");
  checkText(cwd, "working directory");
  if (cwd !== "" && !cwd.startsWith("/")) {
    throw new AgentError({
      code: "EXEC_CWD_INVALID",
      message: `The working directory ${JSON.stringify(cwd)} is not absolute`,
      hint: "Give the path in the guest from its root.",
    });
  }
  return {
    argv: [...argv],
    env: Object.entries(env).map(([name, value]) => ({ name, value })),
    cwd,
    user,
    openStdin: stdin !== undefined,
  };
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
