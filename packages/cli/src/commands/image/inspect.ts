import { createRuntime } from "@a3s/box-runtime";
import { printJson } from "../../output/print.ts";

/** `a3s-box image inspect` */
export async function inspectImages(references: readonly string[]): Promise<void> {
  const { images } = createRuntime();
  const inspected = [];
  for (const reference of references) inspected.push(await images.inspect(reference));
  printJson("image inspect", inspected);
}
