import { createRuntime } from "@a3s/box-runtime";
import prettyBytes from "pretty-bytes";
import { printJson, printLines } from "../output/print.ts";
import { interruptible } from "./interruption.ts";

/** Options of `a3s-box prune`, as the command line gives them. */
export interface PruneOptions {
  readonly json?: boolean;
  readonly volumes?: boolean;
}

/** `a3s-box prune --force`: prints what is gone and what that freed. Boxes go first, for they keep the rest. */
export async function prune(options: PruneOptions): Promise<void> {
  const runtime = createRuntime();
  await interruptible(async (signal) => {
    await runtime.open({ signal });
    const boxes = await runtime.boxes.prune({ signal });
    const { images, roots } = await runtime.images.prune({ signal });
    const volumes = options.volumes ? await runtime.volumes.prune({ signal }) : [];
    if (options.json) return printJson("prune", { boxes, images, roots, volumes });
    const freed = prettyBytes(images.freedBytes + roots.freedBytes);
    const counts = `${boxes.length} boxes, ${images.removedReferences.length} images, ${roots.removed.length} root directories`;
    printLines([
      ...boxes,
      ...images.removedReferences,
      ...volumes,
      `${counts} and ${volumes.length} volumes are gone, and with images and roots ${freed}`,
    ]);
  });
}
