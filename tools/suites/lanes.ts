/** Emulated machines that run beside each other: each keeps a core busy, and freezes more often on a machine that has other work; its QEMU takes up to 4 GiB and a little. */
const MOST_MACHINES = 2;
const MACHINE_CORES = 1;
const MACHINE_BYTES = 5 * 1024 ** 3;

/** How many emulated machines a machine of this size has room for, one at least. */
export function machinesAtOnce(cores: number, memoryBytes: number): number {
  return Math.max(
    1,
    Math.min(MOST_MACHINES, Math.floor(cores / MACHINE_CORES), Math.floor(memoryBytes / MACHINE_BYTES)),
  );
}

/**
 * Does something to each of the items, so many at a time, in their order. A failure is thrown when all that had begun has ended; nothing
 * begins after it.
 */
export async function inLanes<T, R>(
  items: readonly T[],
  lanes: number,
  task: (item: T, index: number) => Promise<R>,
): Promise<readonly R[]> {
  const results: R[] = [];
  const failures: unknown[] = [];
  const queue = items.entries();
  const lane = async () => {
    for (const [index, item] of queue) {
      try {
        results[index] = await task(item, index);
      } catch (error) {
        failures.push(error);
      }
      if (failures.length > 0) return;
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
  if (failures.length > 0) throw failures[0];
  return results;
}
