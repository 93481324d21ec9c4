import { createRuntime } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";
import { exitCodeAfter } from "../conversation/conversation.ts";
import { eachNamed } from "../each-named.ts";
import { interruptible } from "../interruption.ts";
import { joinMain } from "./join-main.ts";
import { mainOf } from "./main-of.ts";

/** Options of `a3s-box start`, as the command line gives them. */
export interface StartOptions {
  readonly attach?: boolean;
  readonly detachKeys?: string;
  readonly interactive?: boolean;
}

/** `a3s-box start`: prints each name that runs; or, attached to one box, the exit code of its main process. */
export async function startBoxes(names: readonly string[], options: StartOptions): Promise<number> {
  const { boxes } = createRuntime();
  const [name = "", ...others] = names;
  if (!options.attach && !options.interactive) {
    // One after the other: a boot takes the CPUs that the next would.
    await interruptible((signal) =>
      eachNamed(names, async (each) => {
        await using box = await boxes.get(each, { signal });
        await box.start({ signal });
      }),
    );
    return 0;
  }
  if (others.length > 0) throw new InvalidArgumentError("one box can be attached to, and not several");
  const main = await interruptible((signal) => mainOf(boxes, name, signal));
  const interactive = options.interactive === true && main.stdin;
  const end = await joinMain({ interactive, tty: main.tty, detachKeys: options.detachKeys }, async ({ signal }) => {
    const box = await boxes.get(name, { signal });
    await box.start({ signal, onAttach: true });
    return box;
  });
  return exitCodeAfter(end);
}
