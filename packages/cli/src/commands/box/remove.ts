import { createRuntime } from "@a3s/box-runtime";
import { eachNamed } from "../each-named.ts";
import { interruptible } from "../interruption.ts";

/** Options of `a3s-box rm`, as the command line gives them. */
export interface RemoveOptions {
  readonly force?: boolean;
  /** Of its named volumes, those that no other box has. docker's `-v` is about volumes that have no name. */
  readonly namedVolumes?: boolean;
}

/** `a3s-box rm`: prints each name that is gone. Also damaged boxes go, of which there is no handle. */
export async function removeBoxes(
  names: readonly string[],
  { force, namedVolumes: volumes }: RemoveOptions,
): Promise<void> {
  const { boxes } = createRuntime();
  await interruptible((signal) => eachNamed(names, (name) => boxes.remove(name, { force, volumes, signal })));
}
