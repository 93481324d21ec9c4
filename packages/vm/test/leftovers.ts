import { readdir, readFile, readlink } from "node:fs/promises";

/** What starting and ending VMs could leave behind, as sorted lists of names. */
export interface Leftovers {
  /** `pid executable` of each process below this one. */
  readonly processes: readonly string[];
  /** What each open descriptor of this process leads to. */
  readonly descriptors: readonly string[];
  /** Mount points of this process. */
  readonly mounts: readonly string[];
  /** Unix sockets bound below the directory. */
  readonly sockets: readonly string[];
  /** Everything below the directory. */
  readonly files: readonly string[];
}

/** Two equal answers around an action prove that it left nothing. Zombies count as processes. */
export async function leftovers(directory: string): Promise<Leftovers> {
  return {
    processes: (await descendants(process.pid)).sort(),
    descriptors: await descriptors(),
    mounts: (await readFile("/proc/self/mountinfo", "utf8"))
      .split("\n")
      .map((line) => line.split(" ")[4] ?? "")
      .sort(),
    sockets: (await readFile("/proc/net/unix", "utf8"))
      .split("\n")
      .map((line) => line.split(/\s+/)[7] ?? "")
      .filter((path) => path.startsWith(`${directory}/`))
      .sort(),
    files: (await readdir(directory, { recursive: true })).sort(),
  };
}

async function descendants(pid: number): Promise<string[]> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const found = await Promise.all(
    threads.map(async (thread) => {
      const children = await readFile(`/proc/${pid}/task/${thread}/children`, "utf8").catch(() => "");
      return await Promise.all(
        children
          .split(" ")
          .filter((child) => child !== "")
          .map(async (child) => {
            const executable = await readlink(`/proc/${child}/exe`).catch(() => "(none)");
            return [`${child} ${executable}`, ...(await descendants(Number(child)))];
          }),
      );
    }),
  );
  return found.flat(2);
}

async function descriptors(): Promise<string[]> {
  const names = await readdir("/proc/self/fd");
  const found = await Promise.all(names.map((name) => readlink(`/proc/self/fd/${name}`).catch(() => undefined)));
  // Sockets and pipes are told apart by numbers, of which each run has others. The listing's own is among the missing.
  return found.flatMap((target) => target?.replace(/\[\d+\]$/, "") ?? []).sort();
}
