import { readFileSync } from "node:fs";

/**
 * A process for good: `<pid>-<start time in ticks>-<start of the boot ID>`. A process ID alone is used again, and start times begin
 * anew with each boot.
 */
export type ProcessIdentity = string;

let own: ProcessIdentity | undefined;

export function ownIdentity(): ProcessIdentity {
  own ??= `${process.pid}-${startTime(process.pid) ?? "0"}-${bootId()}`;
  return own;
}

/** Whether the process still runs. In doubt it does: nothing of a living process is ever removed. */
export function isAlive(identity: ProcessIdentity): boolean {
  const match = /^([1-9][0-9]*)-([0-9]+)-([0-9a-f]+)$/.exec(identity);
  if (match === null) return true;
  const [, pid, start, boot] = match;
  if (boot !== bootId()) return false;
  const actual = startTime(Number(pid));
  return actual === undefined ? exists(Number(pid)) : actual === start;
}

function exists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // /proc may be mounted with hidepid; a foreign process answers EPERM.
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}

/** proc_pid_stat(5): field 22; the name in field 2 is in parentheses and may hold spaces and parentheses. */
function startTime(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19];
  } catch {
    return undefined;
  }
}

function bootId(): string {
  return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").slice(0, 8);
}
