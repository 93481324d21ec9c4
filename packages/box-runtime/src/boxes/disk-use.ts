import { readFile } from "node:fs/promises";

/** What a VM has had of the host's disks since it started, as the host's kernel counts it. */
export interface DiskUse {
  /** Not what the host had in memory already. */
  readonly readBytes: number;
  readonly writtenBytes: number;
}

/** Of the process that is the VM; undefined where the system does not tell, and once it is gone. */
export async function readDiskUse(vmPid: number): Promise<DiskUse | undefined> {
  return parseDiskUse(await readFile(`/proc/${vmPid}/io`, "utf8").catch(() => ""));
}

/** The text of /proc/PID/io (proc_pid_io(5)). Pure. */
export function parseDiskUse(text: string): DiskUse | undefined {
  const counts = new Map([...text.matchAll(/^(\w+): (\d+)$/gm)].map(([, name, count]) => [name, Number(count)]));
  const [readBytes, written, cancelled = 0] = ["read_bytes", "write_bytes", "cancelled_write_bytes"].map((name) =>
    counts.get(name),
  );
  if (readBytes === undefined || written === undefined) return undefined;
  // What was written and removed before it reached the disk.
  return { readBytes, writtenBytes: Math.max(written - cancelled, 0) };
}
