import { parseSignal } from "../../options/signal.ts";
import { eachBox } from "./each-box.ts";

/** `a3s-box kill`: prints each name that has had its signal. */
export async function killBoxes(names: readonly string[], options: { readonly signal: string }): Promise<void> {
  const signalName = parseSignal(options.signal);
  await eachBox(names, (box, signal) => box.kill({ signal, signalName }));
}
