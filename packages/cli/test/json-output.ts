import * as v from "valibot";
import { JSON_OUTPUTS } from "../src/json/outputs.ts";
import type { Ended } from "./command.ts";

type Outputs = typeof JSON_OUTPUTS;

/** What a command printed, held to the shape that docs/cli.md promises: fields that are not promised are refused as well. */
export function jsonOf<Name extends keyof Outputs>(name: Name, { stdout }: Ended): v.InferOutput<Outputs[Name]> {
  return v.parse(JSON_OUTPUTS[name], JSON.parse(stdout));
}
