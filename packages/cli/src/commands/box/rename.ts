import { createRuntime } from "@a3s/box-runtime";
import { interruptible } from "../interruption.ts";

/** `a3s-box rename` */
export async function renameBox(name: string, newName: string): Promise<void> {
  await interruptible(async (signal) => {
    await using box = await createRuntime().boxes.get(name, { signal });
    await box.rename(newName, { signal });
  });
}
