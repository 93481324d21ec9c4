import koffi, { type LibraryHandle } from "koffi";
import { CONSOLE_IN, CONSOLE_OUT, STDERR, STDOUT } from "./descriptors.ts";
import { fault, systemFault } from "./failure.ts";
import type { RequestArgument, StartRequest } from "./start-request.ts";

const LAST_CALL = "krun_start_enter";
const FDS = { consoleIn: CONSOLE_IN, consoleOut: CONSOLE_OUT, stdout: STDOUT, stderr: STDERR } as const;

type Call = StartRequest["calls"][number];
type NativeFunction = (...args: readonly unknown[]) => number;

/** libkrunfw first, so that libkrun finds it by its name. @throws HostFailure of the stage `load` */
export function loadLibrary({ libkrun, libkrunfw }: StartRequest): LibraryHandle {
  const load = (path: string) => {
    try {
      return koffi.load(path, { global: true });
    } catch (error) {
      throw fault("load", path, error instanceof Error ? error.message : String(error));
    }
  };
  if (libkrunfw !== null) load(libkrunfw);
  return load(libkrun);
}

/**
 * Makes the calls in order; in the last one this process becomes the VM. Comes back only by an error.
 *
 * @throws HostFailure of the stages `load`, `spec` and `call`
 */
export function replay(
  library: LibraryHandle,
  calls: readonly Call[],
  options: { readonly place: (at: string) => string; readonly onLast: () => void },
): never {
  const saved = new Map<string, number>();
  for (const call of calls) {
    const { native, fn, args } = find(library, call);
    const values = args.map((argument) => value(argument, saved, options.place));
    if (fn === LAST_CALL) options.onLast();
    const answer = native(...values);
    if (answer < 0) throw systemFault("call", fn, -answer);
    if (call.save !== undefined) saved.set(call.save, answer);
  }
  throw fault("spec", "calls", `none of them is ${LAST_CALL}, or it returned`);
}

function find(library: LibraryHandle, { fn, args, fallback }: Call) {
  try {
    return { native: bind(library, fn, args), fn, args };
  } catch (error) {
    if (fallback !== undefined) return find(library, fallback);
    throw fault("load", fn, error instanceof Error ? error.message : String(error));
  }
}

function bind(library: LibraryHandle, fn: string, args: readonly RequestArgument[]): NativeFunction {
  return library.func(fn, "int32_t", args.map(cType));
}

/** How koffi passes it. */
function cType(argument: RequestArgument): string {
  if ("ref" in argument) return "uint32_t";
  if ("u8" in argument) return "uint8_t";
  if ("u32" in argument) return "uint32_t";
  if ("u64" in argument) return "uint64_t";
  if ("bool" in argument) return "bool";
  if ("str" in argument || "place" in argument) return "const char *";
  if ("strs" in argument) return "const char **";
  if ("bytes" in argument) return "const uint8_t *";
  return "int32_t";
}

function value(argument: RequestArgument, saved: ReadonlyMap<string, number>, place: (at: string) => string): unknown {
  if ("ref" in argument) {
    const found = saved.get(argument.ref);
    if (found === undefined) throw fault("spec", "calls", `nothing was saved as ${argument.ref}`);
    return found;
  }
  if ("place" in argument) return place(argument.place);
  if ("strs" in argument) return argument.strs === null ? null : [...argument.strs, null];
  if ("bytes" in argument) return Uint8Array.from(argument.bytes);
  if ("fd" in argument) return FDS[argument.fd];
  return Object.values(argument)[0];
}
