import { createRuntime } from "@a3s/box-runtime";
import { eachNamed } from "../each-named.ts";

/** `a3s-box rmi`: prints each name that is gone. */
export async function removeImages(references: readonly string[]): Promise<void> {
  const { images } = createRuntime();
  await eachNamed(references, (reference) => images.remove(reference));
}
