import { type KrunFunction, type KrunParameterKind, krunParameters } from "../../libkrun/api.ts";
import type { WireArgument } from "../../libkrun/call.ts";
import { failed } from "../failure.ts";
import type { Places } from "../jail/places.ts";
import { DESCRIPTORS } from "./child-request.ts";

/** What an argument can mean on this side. */
export interface Meanings {
  readonly places: Places;
  /** Answers of earlier calls by name. */
  readonly saved: ReadonlyMap<string, number>;
}

/** How each kind of parameter may be written. */
const SPELLINGS: Readonly<Record<KrunParameterKind, readonly string[]>> = {
  context: ["ref"],
  console: ["ref"],
  u8: ["u8"],
  u16: ["u32"],
  u32: ["u32"],
  u64: ["u64"],
  size: ["u64"],
  i32: ["i32"],
  bool: ["bool"],
  str: ["str"],
  path: ["place", "str"],
  "path?": ["place", "str"],
  "str?": ["str"],
  strs: ["strs"],
  bytes: ["bytes"],
  fd: ["fd", "i32"],
  pointer: [],
};

/** Kinds of parameters that NULL means something to. */
const NULLABLE = new Set<KrunParameterKind>(["str?", "path?"]);

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
  const parameters = krunParameters(name);
  if (args.length !== parameters.length) {
    throw failed("spec", `krun_${name}`, `takes ${parameters.length} arguments, not ${args.length}`);
  }
  return Object.fromEntries(
    parameters.map(([parameter, kind], index) => {
      const [spelling, value] = Object.entries(args[index] as WireArgument)[0] as [string, unknown];
      if (!SPELLINGS[kind].includes(spelling) || (value === null && !NULLABLE.has(kind))) {
        throw failed("spec", `krun_${name}`, `takes no ${value === null ? "null" : spelling} for ${parameter}`);
      }
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
