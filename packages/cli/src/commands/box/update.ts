import { InvalidArgumentError } from "commander";
import { parseSupervision, type SupervisionOptions } from "../../options/supervision.ts";
import { eachBox } from "./each-box.ts";

/** `a3s-box update`: prints each name. What is not given stays as it is. */
export async function updateBoxes(names: readonly string[], options: SupervisionOptions): Promise<void> {
  const changes = parseSupervision(options);
  if (Object.values(changes).every((change) => change === undefined)) {
    throw new InvalidArgumentError("there is nothing to change: give --restart, --lifetime or a --health flag");
  }
  await eachBox(names, (box, signal) => box.update(changes, { signal }));
}
