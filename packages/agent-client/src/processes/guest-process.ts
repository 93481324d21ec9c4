import { type Timestamp, timestampDate } from "@bufbuild/protobuf/wkt";
import { guestText } from "../errors/guest-text.ts";
import { readProcessId } from "../exec/exec-reader.ts";
import type { ListProcessesResponse } from "../gen/a3s/agent/v1/process_pb.ts";

/** The main process or one that `exec` started, as its guest tells of it. Texts hold no control characters. */
export interface GuestProcess {
  readonly id: number;
  /** Process ID in the guest, which is also its process group. */
  readonly pid: number;
  /** Cut to 4 KiB in all. */
  readonly argv: readonly string[];
  /** As `exec` was given it; "" is root. */
  readonly user: string;
  readonly tty: boolean;
  readonly detached: boolean;
  /** The guest's main process; its id is 0. */
  readonly main: boolean;
  /** By the guest's clock; the epoch when it told no time that there is. */
  readonly startedAt: Date;
}

const MAX_CHARACTERS = 4096;

/** @throws {@link AgentError} `AGENT_PROTOCOL_VIOLATION` */
export function readProcess(process: ListProcessesResponse): GuestProcess {
  return {
    id: readProcessId(process.id),
    pid: process.pid,
    argv: readArgv(process.argv),
    user: guestText(process.user, MAX_CHARACTERS),
    tty: process.terminal,
    detached: process.detached,
    main: process.main,
    startedAt: readTime(process.startedAt),
  };
}

function readArgv(argv: readonly string[]): string[] {
  const read: string[] = [];
  let left = MAX_CHARACTERS;
  for (const argument of argv) {
    if (left <= 0) break;
    read.push(guestText(argument, left));
    left -= argument.length + 1;
  }
  return read;
}

function readTime(timestamp: Timestamp | undefined): Date {
  const date = timestamp === undefined ? new Date(0) : timestampDate(timestamp);
  return Number.isNaN(date.getTime()) ? new Date(0) : date;
}
