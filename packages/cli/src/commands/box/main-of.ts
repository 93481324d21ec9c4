import type { Boxes, BoxMain } from "@a3s/box-runtime";

/** What can be typed to a box's main process, and whether it has a terminal. One that is none takes nothing, and says nothing. */
export async function mainOf(boxes: Boxes, name: string, signal: AbortSignal): Promise<BoxMain> {
  await using box = await boxes.get(name, { signal });
  return (await box.inspect({ signal })).main ?? { stdin: false, tty: false };
}
