import { type KrunFunction, krunParameters } from "../../libkrun/api.ts";
import type { WireArgument } from "../../libkrun/call.ts";
import { failed } from "../failure.ts";
import type { Places } from "../jail/places.ts";
import { argumentsFault } from "../request/arguments-fault.ts";
import { DESCRIPTORS } from "./child-request.ts";

/** What an argument can mean on this side. */
export interface Meanings {
  readonly places: Places;
  /** Answers of earlier calls by name. */
  readonly saved: ReadonlyMap<string, number>;
}

/**
 * The arguments of a call by the names of the API's table. Pure. koffi would take whatever fits into a register; the table knows better.
 *
 * @throws StartFailed when their number or kinds are others than the table's
 */
export function nameArguments(
  name: KrunFunction,
  args: readonly WireArgument[],
  meanings: Meanings,
): Readonly<Record<string, unknown>> {
  const fault = argumentsFault(name, args);
  if (fault !== undefined) throw failed("spec", `krun_${name}`, fault);
  return Object.fromEntries(
    krunParameters(name).map(([parameter], index) => {
      const [spelling, value] = Object.entries(args[index] as WireArgument)[0] as [string, unknown];
      return [parameter, meaning(spelling, value, meanings)];
    }),
  );
}

function meaning(spelling: string, value: unknown, { places, saved }: Meanings): unknown {
  switch (spelling) {
    case "ref": {
      const found = saved.get(value as string);
      if (found === undefined) throw failed("spec", value as string, "no earlier call saved it");
      return found;
    }
    case "place":
      return places(value as string);
    case "fd":
      return DESCRIPTORS[value as "consoleIn" | "consoleOut" | "stdout" | "stderr"];
    case "bytes":
      return Uint8Array.from(value as readonly number[]);
    default:
      return value;
  }
}
