import type { DetachKeys } from "../../options/detach-keys.ts";

/**
 * What is typed, until the detach keys are there. Then `leave` is called, and nothing more comes: this is no end of what is typed, which the
 * command would take for its own.
 *
 * @param left aborts when the conversation is over, and ends the wait.
 */
export async function* typedKeys(
  source: AsyncIterable<Uint8Array>,
  keys: DetachKeys,
  leave: () => void,
  left: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    const { bytes, detached } = keys.take(chunk);
    if (bytes.length > 0) yield bytes;
    if (!detached) continue;
    leave();
    if (!left.aborted) await new Promise((resolve) => left.addEventListener("abort", resolve, { once: true }));
    return;
  }
}
