import { readdir, readFile, readlink } from "node:fs/promises";
import { basename, join } from "node:path";

/** What a box could leave behind on the machine, each as a sorted list of names. */
export interface Census {
  /** `pid exe` of every VM host and VM process. */
  readonly processes: readonly string[];
  /** Unix sockets bound beneath the home directory. */
  readonly sockets: readonly string[];
  /** Mount points of this process's mount namespace. */
  readonly mounts: readonly string[];
  /** Everything beneath `run/` and `boxes/` of the home directory, except what the store of boxes is made of. */
  readonly files: readonly string[];
}

/**
 * Counts what lies and runs now. Two equal counts around an action prove that it left nothing behind.
 *
 * @param home the home directory whose boxes are counted; it need not exist.
 */
export async function takeCensus(home: string): Promise<Census> {
  const [processes, sockets, mounts, run, boxes] = await Promise.all([
    vmProcesses(),
    boundSockets(home),
    mountPoints(),
    filesBeneath(join(home, "run")),
    filesBeneath(join(home, "boxes")),
  ]);
  return {
    processes,
    sockets,
    mounts,
    files: [...run, ...boxes].filter((path) => !STORE.has(path) && !path.startsWith(`${HISTORY}/`)),
  };
}

/** There from the first box on, and of no box. */
const HISTORY = "boxes/.history";
const STORE: ReadonlySet<string> = new Set(["boxes/.lock", "boxes/.locks", "boxes/.staging", HISTORY]);

async function vmProcesses(): Promise<string[]> {
  const pids = (await readdir("/proc")).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      // A process may end between the listing and the look at it; one of another user hides its executable.
      const executable = await readlink(`/proc/${pid}/exe`).catch(() => "");
      return basename(executable).startsWith("vm-host") ? [`${pid} ${executable}`] : [];
    }),
  );
  return found.flat().sort();
}

async function boundSockets(home: string): Promise<string[]> {
  const table = await readFile("/proc/net/unix", "utf8");
  const paths = table.split("\n").map((line) => line.split(/\s+/)[7] ?? "");
  return paths.filter((path) => path.startsWith(`${home}/`)).sort();
}

async function mountPoints(): Promise<string[]> {
  const table = await readFile("/proc/self/mountinfo", "utf8");
  return table
    .split("\n")
    .map((line) => line.split(" ")[4] ?? "")
    .filter((path) => path !== "")
    .sort();
}

async function filesBeneath(directory: string): Promise<string[]> {
  const names = await readdir(directory, { recursive: true }).catch(() => []);
  return names.map((name) => join(basename(directory), name)).sort();
}
