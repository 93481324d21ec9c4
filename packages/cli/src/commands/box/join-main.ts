import type { Box } from "@a3s/box-runtime";
import {
  type ConversationEnd,
  type ConversationEnds,
  type ConversationOptions,
  converse,
} from "../conversation/conversation.ts";

/**
 * Ties this process to the main process of a box until that has ended, or the detach keys leave it.
 *
 * @param open finds the box, and starts it if it has to be
 * @returns the exit code; 0 when it was left
 */
export async function joinMain(
  options: ConversationOptions,
  open: (ends: ConversationEnds) => Promise<Box>,
): Promise<ConversationEnd> {
  await using held = new AsyncDisposableStack();
  return await converse(options, async (ends) => {
    const box = held.use(await open(ends));
    const { stdin, size, signal } = ends;
    return {
      running: box.attach({ stdin, size: size === true ? undefined : size, signal }),
      // As docker hands them on: as signals to the box, of which some ask for its end.
      kill: (signalName) => box.kill({ signalName }),
    };
  });
}
