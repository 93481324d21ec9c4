import { RuntimeError } from "../errors/runtime-error.ts";

/** What an image says about its process (image-spec config.md); all of it optional there. */
export interface ImageProcess {
  readonly entrypoint: readonly string[];
  readonly cmd: readonly string[];
  /** `NAME=VALUE` entries. */
  readonly env: readonly string[];
  readonly workingDir: string;
  readonly user: string;
}

/** What a caller asks for; everything left out comes from the image. */
export interface CommandRequest {
  readonly command?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly user?: string | undefined;
}

/** A process ready to be started in the guest. */
export interface CommandPlan {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  readonly user: string;
}

/** Where commands are looked up when the image does not say; the value that other container runtimes use. */
export const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/**
 * The main process of an image: entrypoint followed by the given command, or else by the image's own.
 *
 * @throws RuntimeError `COMMAND_MISSING` when neither names one.
 */
export function planMainProcess(image: ImageProcess, request: CommandRequest): CommandPlan {
  const argv = [...image.entrypoint, ...(request.command?.length ? request.command : image.cmd)];
  if (argv.length === 0) {
    throw new RuntimeError({
      code: "COMMAND_MISSING",
      message: "The image names no command and none was given",
      hint: "Give a command, such as `a3s-box run IMAGE -- sh`.",
    });
  }
  return { argv, ...planEnvironment(image, request) };
}

/** A further process in a box: the command as given, in the image's environment. */
export function planEnvironment(image: ImageProcess, request: CommandRequest): Omit<CommandPlan, "argv"> {
  return {
    env: { PATH: DEFAULT_PATH, ...parseEnvironment(image.env), ...request.env },
    cwd: request.cwd ?? (image.workingDir || "/"),
    user: request.user ?? image.user,
  };
}

/** `NAME=VALUE` entries as a record; an entry without `=` has an empty value, one without a name is dropped. */
export function parseEnvironment(entries: readonly string[]): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const entry of entries) {
    const equals = entry.indexOf("=");
    const name = equals < 0 ? entry : entry.slice(0, equals);
    if (name !== "") environment[name] = equals < 0 ? "" : entry.slice(equals + 1);
  }
  return environment;
}
