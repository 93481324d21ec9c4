import * as v from "valibot";
import { isKrunFunction } from "../../libkrun/api.ts";
import type { WireArgument } from "../../libkrun/call.ts";
import { MAX_RECORD_BYTES } from "../../log/log-files.ts";
import { absolutePath } from "../../spec/path.ts";
import { failed, type StartFailed } from "../failure.ts";
import { argumentsFault } from "./arguments-fault.ts";
import { isPlace, liesWithinAnother } from "./place.ts";

const MAX_CALLS = 1024;
const MAX_ARGUMENTS = 8;
/** A VM has a root, six devices and a few sockets; a composed share has 256 entries. */
const MAX_ENTRIES = 4096;

const integer = (least: number, most: number) => v.pipe(v.number(), v.integer(), v.minValue(least), v.maxValue(most));
const text = v.pipe(
  v.string(),
  v.check((string) => !string.includes("\0"), "holds a NUL byte"),
);

const argument = v.union([
  v.strictObject({ ref: v.string() }),
  v.strictObject({ u8: integer(0, 0xff) }),
  v.strictObject({ u32: integer(0, 0xffff_ffff) }),
  // JSON has no integers above these that JavaScript could tell apart.
  v.strictObject({ u64: integer(0, Number.MAX_SAFE_INTEGER) }),
  v.strictObject({ i32: integer(-0x8000_0000, 0x7fff_ffff) }),
  v.strictObject({ bool: v.boolean() }),
  v.strictObject({ str: v.nullable(text) }),
  v.strictObject({ place: text }),
  v.strictObject({ strs: v.nullable(v.array(text)) }),
  v.strictObject({ bytes: v.array(integer(0, 0xff)) }),
  v.strictObject({ peer: integer(0, 7) }),
  v.strictObject({ fd: v.picklist(["consoleIn", "consoleOut", "stdout", "stderr"]) }),
]);

const callable = {
  fn: v.pipe(v.string(), v.startsWith("krun_", "is not a krun_* function")),
  args: v.pipe(v.array(argument), v.maxLength(MAX_ARGUMENTS, `has more than ${MAX_ARGUMENTS} arguments`)),
};

/** Of a function that the table does not have nothing is known; a library that does not have it either fails the start. */
function fault({ fn, args }: { readonly fn: string; readonly args: readonly WireArgument[] }): string | undefined {
  const name = fn.slice("krun_".length);
  return isKrunFunction(name) ? argumentsFault(name, args) : undefined;
}

const call = v.pipe(
  v.strictObject({ ...callable, save: v.optional(v.string()), fallback: v.optional(v.strictObject(callable)) }),
  v.check(
    (made) => fault(made) === undefined,
    ({ input }) => `${fault(input)}`,
  ),
  v.check(
    ({ fallback }) => fallback === undefined || fault(fallback) === undefined,
    ({ input }) => `${input.fallback && fault(input.fallback)}`,
  ),
);

const entry = v.strictObject({
  at: v.pipe(v.string(), v.check(isPlace, "is no place in the tree")),
  path: v.nullable(absolutePath),
  readOnly: v.boolean(),
});

const limit = v.nullable(integer(0, Number.MAX_SAFE_INTEGER));

const jail = v.strictObject({
  mode: v.picklist(["required", "best-effort"]),
  readOnly: v.array(absolutePath),
  tree: v.pipe(
    v.array(entry),
    v.maxLength(MAX_ENTRIES, `has more than ${MAX_ENTRIES} entries`),
    v.check(
      (entries) => !liesWithinAnother(entries.map(({ at }) => at)),
      "has an entry in the place of another, or within it",
    ),
  ),
  network: v.picklist(["isolated", "host"]),
  limits: v.nullable(v.strictObject({ memoryMib: limit, cpuMillis: limit, pids: limit })),
});

const request = v.strictObject({
  version: v.pipe(v.number(), v.value(1, "is not a version that this vm-host speaks")),
  libkrun: absolutePath,
  libkrunfw: v.nullable(absolutePath),
  calls: v.pipe(v.array(call), v.minLength(1), v.maxLength(MAX_CALLS, `holds more than ${MAX_CALLS} calls`)),
  jail,
  peers: v.optional(v.array(v.unknown()), []),
  log: v.strictObject({
    path: absolutePath,
    maxBytes: integer(MAX_RECORD_BYTES, Number.MAX_SAFE_INTEGER),
    files: integer(2, 100),
  }),
  exitPath: absolutePath,
  statePath: v.nullable(absolutePath),
  remove: v.array(absolutePath),
  detached: v.boolean(),
});

/** What a process is asked to become: native/vm-host/PROTOCOL.md, "Start". */
export type StartRequest = Readonly<v.InferOutput<typeof request>>;

/** One of its calls. */
export type RequestedCall = StartRequest["calls"][number];

/** Reads the document. Pure. @throws StartFailed with the field that is wrong, or `spec`. */
export function parseStartRequest(line: string): StartRequest {
  const result = v.safeParse(v.pipe(v.string(), v.parseJson(), request), line);
  if (!result.success) throw refusal(result.issues[0]);
  // Node.js can neither make a pair of sockets nor look at all that goes through one as fast as a guest sends.
  if (result.output.peers.length > 0) {
    throw failed("program", "peers", "this vm-host starts no programs for network cards, only the native one does");
  }
  return result.output;
}

/** A document of another shape is no specification; a value out of its bounds is one of a field. */
function refusal(issue: v.BaseIssue<unknown>): StartFailed {
  const keys = (issue.path ?? []).map(({ key }) => key);
  const names = keys.filter((key) => typeof key === "string");
  const withinArguments = typeof keys[keys.indexOf("args") + 1] === "number" && keys.includes("args");
  if (issue.kind === "schema" || withinArguments || names.length === 0) return failed("spec", "spec", issue.message);
  const nested = names[0] === "jail" || names[0] === "log";
  return failed("spec", names.slice(0, nested ? 2 : 1).join("."), `${issue.received} ${issue.message}`.slice(0, 1024));
}
