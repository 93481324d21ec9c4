import { createRuntime } from "@a3s/box-runtime";
import prettyBytes from "pretty-bytes";
import { printJson, printLines } from "../../output/print.ts";
import { interruptible } from "../interruption.ts";

/** `a3s-box image prune`: prints what is gone and what that freed. */
export async function pruneImages(options: { readonly json?: boolean }): Promise<void> {
  const { images, roots } = await interruptible((signal) => createRuntime().images.prune({ signal }));
  if (options.json) return printJson("image prune", { images, roots });
  const freed = prettyBytes(images.freedBytes + roots.freedBytes);
  printLines([
    ...images.removedReferences,
    `${images.removedReferences.length} images and ${roots.removed.length} root directories freed ${freed}`,
  ]);
}
