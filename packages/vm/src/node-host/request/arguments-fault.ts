import { type KrunFunction, type KrunParameterKind, krunParameters } from "../../libkrun/api.ts";
import type { WireArgument } from "../../libkrun/call.ts";

/** How each kind of parameter may be written: native/vm-host/src/parameters.rs. */
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
  fd: ["fd", "peer", "i32"],
  pointer: [],
};

/** Kinds of parameters that NULL means something to. */
const NULLABLE = new Set<KrunParameterKind>(["str?", "path?"]);

/** What is wrong with the arguments of a call by the table of libkrun's functions; undefined when they fit. Pure. */
export function argumentsFault(name: KrunFunction, args: readonly WireArgument[]): string | undefined {
  const parameters = krunParameters(name);
  if (args.length !== parameters.length) return `takes ${parameters.length} arguments, not ${args.length}`;
  for (const [index, [parameter, kind]] of parameters.entries()) {
    const [spelling, value] = Object.entries(args[index] as WireArgument)[0] as [string, unknown];
    if (!SPELLINGS[kind].includes(spelling) || (value === null && !NULLABLE.has(kind))) {
      return `takes no ${value === null ? "null" : spelling} for ${parameter}`;
    }
  }
  return undefined;
}
