import { createRuntime } from "@a3s/box-runtime";
import { eachNamed } from "../each-named.ts";
import { interruptible } from "../interruption.ts";

/** `a3s-box rm`: prints each name that is gone. Also damaged boxes go, of which there is no handle. */
export async function removeBoxes(names: readonly string[], { force }: { readonly force?: boolean }): Promise<void> {
  const { boxes } = createRuntime();
  await interruptible((signal) => eachNamed(names, (name) => boxes.remove(name, { force, signal })));
}
