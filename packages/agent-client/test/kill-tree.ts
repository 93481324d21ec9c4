import { readdirSync, readFileSync } from "node:fs";

/**
 * Ends a process and all that descends from it at once, as the end of a machine would. The process has to be a subreaper, as an
 * agent is: what has lost its parent is still found below it.
 */
export function killTree(pid: number): void {
  if (!signal(pid, "SIGSTOP")) return;
  const killed = new Set<number>();
  // While the root stands still nobody takes the dead away, so no number is another process's. A process with a SIGKILL pending
  // makes no more children: what the first rounds have not seen, a later one has.
  for (let found = descendants(pid); found.length > 0; found = descendants(pid).filter((each) => !killed.has(each))) {
    for (const each of found) {
      signal(each, "SIGKILL");
      killed.add(each);
    }
  }
  signal(pid, "SIGKILL");
}

function descendants(pid: number): number[] {
  return children(pid).flatMap((child) => [child, ...descendants(child)]);
}

/** Of all threads: a child belongs to the one that made it. */
function children(pid: number): number[] {
  try {
    return readdirSync(`/proc/${pid}/task`).flatMap((thread) =>
      readFileSync(`/proc/${pid}/task/${thread}/children`, "latin1").split(" ").filter(Boolean).map(Number),
    );
  } catch {
    // It, or a thread of it, has ended meanwhile.
    return [];
  }
}

function signal(pid: number, name: NodeJS.Signals): boolean {
  try {
    return process.kill(pid, name);
  } catch {
    return false;
  }
}
