import type { LibraryHandle } from "koffi";
import { VmError } from "../errors/vm-error.ts";
import {
  KRUN_API,
  type KrunArguments,
  type KrunFunction,
  type KrunParameterKind,
  type KrunVersion,
  krunFeature,
  krunParameters,
  krunSymbol,
} from "./api.ts";
import { KRUN_FEATURES, type KrunFeature } from "./feature.ts";
import { lackingCall } from "./lacking-call.ts";
import type { LibkrunFiles } from "./locate.ts";

/** How koffi passes a parameter of each kind. */
const C_TYPES: Readonly<Record<KrunParameterKind, string>> = {
  context: "uint32_t",
  console: "uint32_t",
  u8: "uint8_t",
  u16: "uint16_t",
  u32: "uint32_t",
  u64: "uint64_t",
  i32: "int32_t",
  bool: "bool",
  str: "const char *",
  path: "const char *",
  "path?": "const char *",
  "str?": "const char *",
  strs: "const char **",
  bytes: "const uint8_t *",
  fd: "int32_t",
  size: "size_t",
  pointer: "void *",
};

/** What stands for a parameter of each kind in a direct call. */
interface DirectValues extends Record<KrunParameterKind, unknown> {
  context: number;
  console: number;
  u8: number;
  u16: number;
  u32: number;
  u64: number | bigint;
  i32: number;
  bool: boolean;
  str: string;
  path: string;
  "path?": string | null;
  "str?": string | null;
  strs: readonly string[];
  bytes: Uint8Array;
  fd: number;
  size: number | bigint;
  /** As koffi has pointers: an address, a buffer or what koffi answered with. */
  pointer: unknown;
}

/**
 * libkrun in this process. For questions: whoever calls `start_enter` becomes the VM, so VMs have processes of their own
 * ({@link launchVm}).
 */
export interface LibkrunBinding {
  readonly files: LibkrunFiles;
  /** The newest version whose whole part of the API this library has; undefined when it is older than 1.17. */
  readonly version: KrunVersion | undefined;
  /** Whether the library has a function. */
  has(name: KrunFunction): boolean;
  /**
   * Calls a function, for a status, number or handle.
   *
   * @throws VmError `LIBKRUN_TOO_OLD` or `LIBKRUN_FEATURE_MISSING` when the library lacks it, `LIBKRUN_CALL_FAILED` when it answers with an error number.
   */
  call<Name extends KrunFunction>(name: Name, args: KrunArguments<Name, DirectValues>): number;
  /** Features it was built with; one that it does not know it does not have. */
  features(): readonly KrunFeature[];
}

type NativeFunction = (...args: readonly unknown[]) => number;

/**
 * Loads libkrun into this process, and before it libkrunfw, which libkrun then finds by its name. They stay loaded.
 *
 * @throws VmError `LIBKRUN_UNUSABLE`
 */
export async function openLibkrun(files: LibkrunFiles): Promise<LibkrunBinding> {
  const { default: koffi } = await import("koffi");
  const load = (path: string): LibraryHandle => {
    try {
      return koffi.load(path, { global: true });
    } catch (cause) {
      throw unusable(path, cause);
    }
  };
  load(files.libkrunfw);
  const library = load(files.libkrun);
  const functions = new Map<KrunFunction, NativeFunction>();
  for (const name of Object.keys(KRUN_API) as KrunFunction[]) {
    const types = krunParameters(name).map(([, kind]) => C_TYPES[kind]);
    try {
      functions.set(name, library.func(krunSymbol(name), "int32_t", types));
    } catch {
      // An older library, or a build without the feature: `call` says so when somebody needs it.
    }
  }
  return new KoffiBinding(files, functions);
}

class KoffiBinding implements LibkrunBinding {
  readonly files: LibkrunFiles;
  readonly #functions: ReadonlyMap<KrunFunction, NativeFunction>;

  constructor(files: LibkrunFiles, functions: ReadonlyMap<KrunFunction, NativeFunction>) {
    this.files = files;
    this.#functions = functions;
  }

  get version(): KrunVersion | undefined {
    const lacking = (Object.keys(KRUN_API) as KrunFunction[]).filter((name) => !this.has(name));
    return apiVersion(lacking);
  }

  has(name: KrunFunction): boolean {
    return this.#functions.has(name);
  }

  call<Name extends KrunFunction>(name: Name, args: KrunArguments<Name, DirectValues>): number {
    const native = this.#functions.get(name);
    if (native === undefined) {
      const { code, needs, hint } = lackingCall(name);
      throw new VmError({
        code,
        message: `${this.files.libkrun} has no ${krunSymbol(name)}, which needs ${needs}`,
        hint,
        details: { function: krunSymbol(name), since: KRUN_API[name].since, path: this.files.libkrun },
      });
    }
    const values = args as Readonly<Record<string, unknown>>;
    const answer = native(...krunParameters(name).map(([parameter, kind]) => toC(kind, values[parameter])));
    if (answer >= 0) return answer;
    throw new VmError({
      code: "LIBKRUN_CALL_FAILED",
      message: `${krunSymbol(name)} answered with error ${-answer}`,
      hint: "The number is a Linux error number; errno -l lists them.",
      details: { function: krunSymbol(name), errno: -answer },
    });
  }

  features(): readonly KrunFeature[] {
    const names = Object.keys(KRUN_FEATURES) as KrunFeature[];
    return names.filter((name) => this.#answersYes(KRUN_FEATURES[name]));
  }

  #answersYes(feature: number): boolean {
    try {
      return this.call("has_feature", { feature }) === 1;
    } catch {
      return false;
    }
  }
}

/** Arrays of strings end with NULL; koffi takes everything else as it is. */
function toC(kind: KrunParameterKind, value: unknown): unknown {
  return kind === "strs" ? [...(value as readonly string[]), null] : value;
}

/** The newest version before the first that lacks a function which every build has. */
export function apiVersion(lacking: readonly KrunFunction[]): KrunVersion | undefined {
  const always = lacking.filter((name) => krunFeature(name) === undefined && !("rare" in KRUN_API[name]));
  const incomplete = new Set(always.map((name) => KRUN_API[name].since));
  let newest: KrunVersion | undefined;
  for (const version of ["1.17", "1.18", "1.19"] as const) {
    if (incomplete.has(version)) break;
    newest = version;
  }
  return newest;
}

function unusable(path: string, cause: unknown): VmError {
  return new VmError({
    code: "LIBKRUN_UNUSABLE",
    message: `${path} cannot be loaded: ${cause instanceof Error ? cause.message : String(cause)}`,
    hint: "Install the library that the message names; libkrun itself needs libcap-ng (Debian: libcap-ng0) and glibc 2.34 or newer.",
    cause,
    details: { path },
  });
}
