import type { DirectoryEntry } from "../gen/a3s/agent/v1/files_pb.ts";
import { childPath, type GuestPath } from "./guest-path.ts";
import { fileType, GuestFileKind, violation } from "./guest-stats.ts";

/** Linux NAME_MAX. */
const MAX_NAME_BYTES = 255;

/** What a directory of the guest holds under one name. It never holds a slash or NUL, and is neither `.` nor `..`. */
export class GuestDirent extends GuestFileKind {
  /** The name as text; bytes that are no UTF-8 are replaced, and {@link nameBytes} has them. */
  readonly name: string;
  readonly nameBytes: Uint8Array;
  /** The directory that it is in, as it was given. */
  readonly parentPath: GuestPath;

  /** @internal @throws AgentError `AGENT_PROTOCOL_VIOLATION` */
  constructor(parentPath: GuestPath, entry: DirectoryEntry) {
    super(fileType(entry.type));
    this.nameBytes = Uint8Array.from(checkName(entry.name));
    this.name = new TextDecoder("utf-8", { ignoreBOM: true }).decode(this.nameBytes);
    this.parentPath = parentPath;
  }

  /** The whole path, which any call takes. */
  get path(): GuestPath {
    return childPath(this.parentPath, this.nameBytes);
  }
}

/** A name may end up in a path of the host, so that a guest must not get one through that leads elsewhere. */
export function checkName(name: Uint8Array): Uint8Array {
  const isDots = name.every((byte) => byte === 0x2e) && name.length < 3;
  if (isDots || name.length > MAX_NAME_BYTES || name.includes(0x2f) || name.includes(0)) {
    throw violation("it sent a name that no file can have");
  }
  return name;
}
