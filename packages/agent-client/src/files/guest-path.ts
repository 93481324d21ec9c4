import { AgentError } from "../errors/agent-error.ts";

/** An absolute path in the guest. Bytes where a name is no UTF-8: Linux names are bytes. */
export type GuestPath = string | Uint8Array;

/** Linux PATH_MAX without the NUL. */
const MAX_PATH_BYTES = 4095;

/** The path as it goes to the agent. @throws {@link AgentError} `FILE_INVALID` */
export function pathBytes(path: GuestPath): Uint8Array<ArrayBuffer> {
  if (typeof path === "string" && /\p{Cs}/u.test(path)) throw invalid(path, "holds half a surrogate pair");
  const bytes = typeof path === "string" ? new TextEncoder().encode(path) : Uint8Array.from(path);
  if (bytes[0] !== SLASH) throw invalid(path, "is not absolute");
  if (bytes.includes(0)) throw invalid(path, "holds a NUL byte");
  if (bytes.length > MAX_PATH_BYTES)
    throw invalid(path, `has ${bytes.length} bytes, and Linux takes ${MAX_PATH_BYTES}`);
  return bytes;
}

/** A path below a directory. */
export function childPath(directory: GuestPath, name: Uint8Array): GuestPath {
  const parent = typeof directory === "string" ? new TextEncoder().encode(directory) : directory;
  const separator = parent.at(-1) === SLASH ? [] : [SLASH];
  return Uint8Array.from([...parent, ...separator, ...name]);
}

/** For messages and for people; bytes that are no UTF-8 are replaced. */
export function pathText(path: GuestPath): string {
  return typeof path === "string" ? path : new TextDecoder("utf-8", { ignoreBOM: true }).decode(path);
}

const SLASH = 0x2f;

function invalid(path: GuestPath, what: string): AgentError {
  return new AgentError({
    code: "FILE_INVALID",
    message: `The guest path ${JSON.stringify(pathText(path).slice(0, 200))} ${what}`,
    hint: "Give the path in the guest from its root.",
  });
}
