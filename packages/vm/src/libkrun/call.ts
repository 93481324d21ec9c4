import { type KrunArguments, type KrunFunction, type KrunParameterKind, krunParameters, krunSymbol } from "./api.ts";

/** A value that an earlier call of the plan answers with. */
export interface KrunRef<Kind extends "context" | "console"> {
  readonly kind: Kind;
  readonly ref: string;
}

/** Descriptors that vm-host opens for the VM process: /dev/null, and the pipes into the streams of the log. */
type HostFd = "consoleIn" | "consoleOut" | "stdout" | "stderr";

/** What stands for a parameter of each kind in a plan. */
interface PlannedValues extends Record<KrunParameterKind, unknown> {
  context: KrunRef<"context">;
  console: KrunRef<"console">;
  u8: number;
  u32: number;
  u64: number;
  i32: number;
  bool: boolean;
  str: string;
  /** A place in the tree of the VM process: `planTree`. */
  path: string;
  "path?": string | null;
  "str?": string | null;
  strs: readonly string[];
  bytes: Uint8Array;
  /** No plan has one. */
  u16: never;
  size: never;
  pointer: never;
  /** `none` is -1; a `peer` is what leads to the program of this number. */
  fd: HostFd | { readonly peer: number } | "none";
}

/** One argument as native/vm-host/PROTOCOL.md writes it. */
export type WireArgument =
  | { readonly ref: string }
  | { readonly u8: number }
  | { readonly u32: number }
  | { readonly u64: number }
  | { readonly i32: number }
  | { readonly bool: boolean }
  | { readonly str: string | null }
  | { readonly place: string }
  | { readonly strs: readonly string[] | null }
  | { readonly bytes: readonly number[] }
  | { readonly fd: HostFd }
  | { readonly peer: number };

/** One call of libkrun as data: what vm-host replays. */
export interface KrunCall {
  /** Symbol of the library. */
  readonly fn: string;
  readonly args: readonly WireArgument[];
  /** Name under which later calls refer to the answer. */
  readonly save?: string;
  /** What stands in for it with a library that lacks the function. */
  readonly fallback?: Omit<KrunCall, "save" | "fallback">;
}

/**
 * One call as data. A missing, surplus or wrong argument is a compile error.
 *
 * ```ts
 * krunCall("set_vm_config", { context: CONTEXT, vcpus: 2, memoryMib: 512 });
 * ```
 */
export function krunCall<Name extends KrunFunction>(
  name: Name,
  args: KrunArguments<Name, PlannedValues>,
  save?: KrunRef<"context" | "console">,
): KrunCall {
  const values = args as Readonly<Record<string, unknown>>;
  const wire = krunParameters(name).map(([parameter, kind]) => encodeArgument(kind, values[parameter]));
  return { fn: krunSymbol(name), args: wire, ...(save === undefined ? {} : { save: save.ref }) };
}

/** A call of a newer libkrun, and what it comes down to with an older one. */
export function orElse(call: KrunCall, { fn, args }: KrunCall): KrunCall {
  return { ...call, fallback: { fn, args } };
}

/** The value is of the kind's type: {@link krunCall} takes no other. */
function encodeArgument(kind: KrunParameterKind, value: unknown): WireArgument {
  switch (kind) {
    case "context":
    case "console":
      return { ref: (value as KrunRef<"context">).ref };
    case "str?":
      return { str: value as string | null };
    case "path":
      return { place: value as string };
    case "path?":
      return value === null ? { str: null } : { place: value as string };
    case "bytes":
      return { bytes: [...(value as Uint8Array)] };
    case "fd":
      if (typeof value === "object") return value as { readonly peer: number };
      return value === "none" ? { i32: -1 } : { fd: value as HostFd };
    default:
      return { [kind]: value } as unknown as WireArgument;
  }
}
