import * as v from "valibot";
import { isKrunFunction, KRUN_API, type KrunParameterKind, krunParameters } from "../libkrun/api.ts";
import { MAX_RECORD_BYTES } from "../log/log-files.ts";
import { absolutePath } from "../spec/path.ts";
import { fault } from "./failure.ts";

/** Longest specification in bytes. */
export const MAX_REQUEST_BYTES = 1 << 20;
const MAX_CALLS = 1024;
const PREFIX = "krun_";

const text = v.pipe(
  v.string(),
  v.check((value) => !value.includes("\0"), "must not hold a NUL byte"),
);
const whole = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const place = v.pipe(text, v.startsWith("/", "must be absolute"));

const argument = v.union([
  v.strictObject({ ref: text }),
  v.strictObject({ u8: whole(0, 0xff) }),
  v.strictObject({ u32: whole(0, 0xffff_ffff) }),
  v.strictObject({ u64: whole(0, Number.MAX_SAFE_INTEGER) }),
  v.strictObject({ i32: whole(-0x8000_0000, 0x7fff_ffff) }),
  v.strictObject({ bool: v.boolean() }),
  v.strictObject({ str: v.nullable(text) }),
  v.strictObject({ place }),
  v.strictObject({ strs: v.nullable(v.array(text)) }),
  v.strictObject({ bytes: v.array(whole(0, 0xff)) }),
  v.strictObject({ fd: v.picklist(["consoleIn", "consoleOut", "stdout", "stderr"]) }),
]);
/** An argument of a call, as native/vm-host/PROTOCOL.md writes it. */
export type RequestArgument = v.InferOutput<typeof argument>;

const callable = { fn: text, args: v.array(argument) };
const call = v.strictObject({
  ...callable,
  save: v.optional(text),
  fallback: v.optional(v.strictObject(callable)),
});

const request = v.strictObject({
  version: v.literal(1),
  libkrun: absolutePath,
  libkrunfw: v.nullable(absolutePath),
  calls: v.pipe(v.array(call), v.minLength(1), v.maxLength(MAX_CALLS)),
  jail: v.strictObject({
    mode: v.picklist(["required", "best-effort"]),
    readOnly: v.array(absolutePath),
    tree: v.array(v.strictObject({ at: place, path: v.nullable(absolutePath), readOnly: v.boolean() })),
    network: v.picklist(["isolated", "host"]),
    limits: v.nullable(v.object({})),
  }),
  log: v.strictObject({
    path: absolutePath,
    maxBytes: whole(MAX_RECORD_BYTES, Number.MAX_SAFE_INTEGER),
    files: whole(2, 100),
  }),
  exitPath: absolutePath,
  statePath: v.nullable(absolutePath),
  remove: v.array(absolutePath),
  detached: v.boolean(),
});

/** What the starter asks for: native/vm-host/PROTOCOL.md, "Start". */
export type StartRequest = Readonly<v.InferOutput<typeof request>>;

/** @throws HostFailure of the stage `spec` */
export function parseStartRequest(line: string): StartRequest {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), request), line);
  if (!parsed.success) {
    const [issue] = parsed.issues;
    throw fault("spec", v.getDotPath(issue) ?? "spec", issue.message);
  }
  for (const { fallback, ...own } of parsed.output.calls) {
    checkCall(own);
    if (fallback !== undefined) checkCall(fallback);
  }
  return parsed.output;
}

/** A call that is none of libkrun's, or has other arguments than it takes, would be a call into the unknown. */
function checkCall({ fn, args }: { readonly fn: string; readonly args: readonly RequestArgument[] }): void {
  const name = fn.slice(PREFIX.length);
  if (!fn.startsWith(PREFIX) || !isKrunFunction(name)) throw fault("spec", "calls", `${fn} is no function of libkrun`);
  const kinds = krunParameters(name);
  const fits =
    kinds.length === args.length && kinds.every(([, kind], index) => takes(kind, args[index] as RequestArgument));
  if (!fits)
    throw fault("spec", "calls", `${fn} takes other arguments: ${Object.keys(KRUN_API[name].params).join(", ")}`);
}

function takes(kind: KrunParameterKind, argument: RequestArgument): boolean {
  switch (kind) {
    case "context":
    case "console":
      return "ref" in argument;
    case "str":
      return "str" in argument && argument.str !== null;
    case "str?":
      return "str" in argument;
    case "path":
      return "place" in argument;
    case "path?":
      return "place" in argument || ("str" in argument && argument.str === null);
    case "fd":
      return "fd" in argument || ("i32" in argument && argument.i32 === -1);
    default:
      return kind in argument;
  }
}
