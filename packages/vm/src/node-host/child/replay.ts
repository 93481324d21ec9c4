import { writeSync } from "node:fs";
import { VmError } from "../../errors/vm-error.ts";
import { KRUN_API, type KrunFunction, krunSymbol } from "../../libkrun/api.ts";
import type { LibkrunBinding } from "../../libkrun/binding.ts";
import type { WireArgument } from "../../libkrun/call.ts";
import type { JailMeasure } from "../../process/jail.ts";
import { failed, failedWith, type StartFailed } from "../failure.ts";
import type { Places } from "../jail/places.ts";
import type { RequestedCall } from "../request/start-request.ts";
import { nameArguments } from "./arguments.ts";
import { DESCRIPTORS, STARTING } from "./child-request.ts";

const LAST_CALL = krunSymbol("start_enter");

/** Makes the calls in order; the last one does not return. @throws StartFailed */
export function replay(
  calls: readonly RequestedCall[],
  krun: LibkrunBinding,
  context: { readonly places: Places; readonly inForce: readonly JailMeasure[] },
): never {
  const saved = new Map<string, number>();
  for (const call of calls) {
    const { fn, args } = available(call, krun);
    const named = nameArguments(fn, args, { places: context.places, saved });
    if (call.fn === LAST_CALL) {
      writeSync(DESCRIPTORS.report, `${STARTING}${JSON.stringify(context.inForce)}\n`);
    }
    const answer = invoke(krun, fn, named);
    if (call.save !== undefined) saved.set(call.save, answer);
  }
  throw failed("spec", "calls", `none of them is ${LAST_CALL}, or it returned`);
}

/** The function that the library has. */
function available(
  { fn, args, fallback }: RequestedCall,
  krun: LibkrunBinding,
): { readonly fn: KrunFunction; readonly args: readonly WireArgument[] } {
  for (const call of fallback === undefined ? [{ fn, args }] : [{ fn, args }, fallback]) {
    const name = functionOf(call.fn);
    if (name !== undefined && krun.has(name)) return { fn: name, args: call.args };
  }
  throw failed("load", fallback?.fn ?? fn, `${krun.files.libkrun} has no such function`);
}

function functionOf(symbol: string): KrunFunction | undefined {
  const name = symbol.slice("krun_".length);
  return Object.hasOwn(KRUN_API, name) ? (name as KrunFunction) : undefined;
}

function invoke(krun: LibkrunBinding, name: KrunFunction, args: Readonly<Record<string, unknown>>): number {
  try {
    // By the table, as nameArguments has seen to.
    return krun.call(name, args as never);
  } catch (error) {
    throw callFailed(name, error);
  }
}

function callFailed(name: KrunFunction, error: unknown): StartFailed {
  const errno = error instanceof VmError ? error.details?.["errno"] : undefined;
  return typeof errno === "number"
    ? failedWith("call", krunSymbol(name), errno)
    : failed("call", krunSymbol(name), String(error));
}
