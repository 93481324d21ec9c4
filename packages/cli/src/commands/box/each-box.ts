import { type Box, createRuntime } from "@a3s/box-runtime";
import { eachNamed } from "../each-named.ts";
import { interruptible } from "../interruption.ts";

/** Boxes that are asked for something at a time: most of it is waiting. */
const AT_ONCE = 16;

/** Does something to each of the named boxes, and prints each name; see {@link eachNamed}. */
export async function eachBox(
  names: readonly string[],
  task: (box: Box, signal: AbortSignal) => Promise<unknown>,
): Promise<void> {
  const { boxes } = createRuntime();
  await interruptible((signal) =>
    eachNamed(
      names,
      async (name) => {
        await using box = await boxes.get(name, { signal });
        await task(box, signal);
      },
      { atOnce: AT_ONCE },
    ),
  );
}
