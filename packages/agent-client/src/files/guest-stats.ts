import { AgentError } from "../errors/agent-error.ts";
import { type FileInfo, FileType } from "../gen/a3s/agent/v1/files_pb.ts";

/** What a file in the guest is. */
export type GuestFileType =
  | "file"
  | "directory"
  | "symlink"
  | "character-device"
  | "block-device"
  | "fifo"
  | "socket"
  | "unknown";

const TYPES: ReadonlyMap<FileType, GuestFileType> = new Map([
  [FileType.REGULAR, "file"],
  [FileType.DIRECTORY, "directory"],
  [FileType.SYMLINK, "symlink"],
  [FileType.CHARACTER_DEVICE, "character-device"],
  [FileType.BLOCK_DEVICE, "block-device"],
  [FileType.FIFO, "fifo"],
  [FileType.SOCKET, "socket"],
]);

export function fileType(type: FileType): GuestFileType {
  return TYPES.get(type) ?? "unknown";
}

/** What something is, asked as `node:fs` asks it. */
export class GuestFileKind {
  readonly type: GuestFileType;

  constructor(type: GuestFileType) {
    this.type = type;
  }

  isFile(): boolean {
    return this.type === "file";
  }

  isDirectory(): boolean {
    return this.type === "directory";
  }

  isSymbolicLink(): boolean {
    return this.type === "symlink";
  }
}

/** A file of the guest. Times are in milliseconds since 1970. */
export class GuestStats extends GuestFileKind {
  /** Permission bits with setuid, setgid and sticky: 0 to 0o7777. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes of content; files of /proc say 0. */
  readonly size: number;
  /** Names of the file. */
  readonly nlink: number;
  readonly ino: bigint;
  readonly dev: bigint;
  readonly atimeMs: number;
  readonly mtimeMs: number;
  readonly ctimeMs: number;

  /** @internal @throws {@link AgentError} `AGENT_PROTOCOL_VIOLATION` */
  constructor(info: FileInfo | undefined) {
    super(fileType(info?.type ?? FileType.UNSPECIFIED));
    if (info === undefined || info.mode > 0o7777 || this.type === "unknown") {
      throw violation("it described a file that cannot be");
    }
    this.mode = info.mode;
    this.uid = info.uid;
    this.gid = info.gid;
    this.size = Number(info.size);
    this.nlink = Number(info.links);
    this.ino = info.inode;
    this.dev = info.device;
    this.atimeMs = milliseconds(info.accessed);
    this.mtimeMs = milliseconds(info.modified);
    this.ctimeMs = milliseconds(info.changed);
  }

  get atime(): Date {
    return new Date(this.atimeMs);
  }

  get mtime(): Date {
    return new Date(this.mtimeMs);
  }

  get ctime(): Date {
    return new Date(this.ctimeMs);
  }
}

/** Most that a Date can say. */
const MAX_DATE_MS = 8.64e15;

function milliseconds(time: FileInfo["modified"]): number {
  if (time === undefined || time.nanos < 0 || time.nanos > 999_999_999) throw violation("it sent a time that is none");
  return Math.min(MAX_DATE_MS, Math.max(-MAX_DATE_MS, Number(time.seconds) * 1000 + time.nanos / 1e6));
}

export function violation(what: string): AgentError {
  return new AgentError({
    code: "AGENT_PROTOCOL_VIOLATION",
    message: `The guest agent broke its protocol: ${what}`,
    hint: "The guest is compromised, or something other than the agent answers on this socket; destroy the VM.",
  });
}
