import { createRuntime, type ExecOptions } from "@a3s/box-runtime";
import { parseEnvironment } from "../../options/environment.ts";
import { converse, exitCodeAfter } from "../conversation/conversation.ts";
import { interruptible } from "../interruption.ts";

/** Options of `a3s-box exec`, as the command line gives them. */
export interface ExecCommandOptions {
  readonly detach?: boolean;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly interactive?: boolean;
  readonly tty?: boolean;
  readonly user?: string;
  readonly workdir?: string;
}

/** `a3s-box exec`: the command's exit code; 0 for one that is left running. */
export async function execInBox(
  name: string,
  command: readonly string[],
  options: ExecCommandOptions,
): Promise<number> {
  const { boxes } = createRuntime();
  const what: ExecOptions = {
    env: parseEnvironment(options.envFile, options.env, process.env),
    cwd: options.workdir,
    user: options.user,
  };
  const { interactive = false, tty = false, detach = false } = options;
  if (detach) {
    await interruptible(async (signal) => {
      await using box = await boxes.get(name, { signal });
      await box.exec(command, { ...what, tty, detached: true, signal }).started;
    });
    return 0;
  }
  await using closing = new AsyncDisposableStack();
  // A command ends with its caller: there is no leaving it.
  const end = await converse({ interactive, tty, detachKeys: "none" }, async ({ stdin, size = false, signal }) => {
    const box = closing.use(await boxes.get(name, { signal }));
    return { running: box.exec(command, { ...what, stdin, tty: size, signal }) };
  });
  return exitCodeAfter(end);
}
