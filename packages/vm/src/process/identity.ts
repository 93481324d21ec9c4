import { readFileSync, readlinkSync } from "node:fs";

/**
 * What tells a process from every other, also after its pid was given away again: pid, start and executable.
 * Plain data, to be kept in a file.
 */
export interface ProcessIdentity {
  readonly pid: number;
  /** Clock ticks from the machine's start to the process's, in decimal: field 22 of /proc/PID/stat (proc(5)). */
  readonly startTime: string;
  /** Absolute path of the program, without ` (deleted)`. */
  readonly executable: string;
}

/** Who runs under a pid now; undefined when nobody does, or only a zombie, or somebody whom we may not see. */
export function readIdentity(pid: number): ProcessIdentity | undefined {
  try {
    const { state, startTime } = parseStat(readFileSync(`/proc/${pid}/stat`, "latin1"));
    if (state === "Z" || state === "X") return undefined;
    const executable = readlinkSync(`/proc/${pid}/exe`).replace(/ \(deleted\)$/, "");
    return { pid, startTime, executable };
  } catch {
    return undefined;
  }
}

/** Whether the very process is still there. */
export function isAlive(identity: ProcessIdentity): boolean {
  const found = readIdentity(identity.pid);
  return found?.startTime === identity.startTime && found.executable === identity.executable;
}

/** The name of a program may hold blanks and parentheses, so the fields count from the last `)`. */
export function parseStat(stat: string): { readonly state: string; readonly startTime: string } {
  const [state, ...rest] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  // proc(5): the state is field 3, the start time field 22.
  const startTime = rest[22 - 4];
  if (state === undefined || startTime === undefined || !/^\d+$/.test(startTime)) {
    throw new Error("This is not what /proc/PID/stat looks like");
  }
  return { state, startTime };
}
