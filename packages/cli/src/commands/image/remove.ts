import { createRuntime } from "@a3s/box-runtime";
import { printLines } from "../../output/print.ts";

/** `a3s-box rmi`: prints each name that is gone; stops at the first that is not there. */
export async function removeImages(references: readonly string[]): Promise<void> {
  const { images } = createRuntime();
  for (const reference of references) {
    await images.remove(reference);
    printLines([reference]);
  }
}
