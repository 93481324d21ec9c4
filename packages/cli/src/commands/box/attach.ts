import { createRuntime } from "@a3s/box-runtime";
import { exitCodeAfter } from "../conversation/conversation.ts";
import { requireTerminal } from "../conversation/terminal.ts";
import { interruptible } from "../interruption.ts";
import { joinMain } from "./join-main.ts";
import { mainOf } from "./main-of.ts";

/** Options of `a3s-box attach`, as the command line gives them. */
export interface AttachOptions {
  readonly detachKeys?: string;
  readonly sigProxy: boolean;
  readonly stdin: boolean;
}

/** `a3s-box attach`: the exit code of the box's main process; 0 when it was left. */
export async function attachToBox(name: string, options: AttachOptions): Promise<number> {
  const { boxes } = createRuntime();
  const main = await interruptible((signal) => mainOf(boxes, name, signal));
  const interactive = main.stdin && options.stdin;
  if (interactive && main.tty) requireTerminal("give --no-stdin");
  const end = await joinMain(
    {
      interactive,
      tty: main.tty,
      detachKeys: options.detachKeys,
      forwardSignals: options.sigProxy,
    },
    ({ signal }) => boxes.get(name, { signal }),
  );
  return exitCodeAfter(end);
}
