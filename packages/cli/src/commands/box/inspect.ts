import { createRuntime } from "@a3s/box-runtime";
import { printJson } from "../../output/print.ts";
import { interruptible } from "../interruption.ts";

/** `a3s-box inspect` */
export async function inspectBoxes(names: readonly string[]): Promise<void> {
  const { boxes } = createRuntime();
  await interruptible(async (signal) => {
    const inspected = [];
    for (const name of names) {
      await using box = await boxes.get(name, { signal });
      inspected.push(await box.inspect({ signal }));
    }
    printJson("inspect", inspected);
  });
}
