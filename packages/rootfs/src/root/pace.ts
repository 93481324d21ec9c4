/** Told of work that is done, in bytes; waits when other tasks of the process shall have their turn. */
export type Pace = (bytes: number) => Promise<void>;

/** What looking at a file or making one costs, in bytes read. */
export const FILE_COST_BYTES = 16 * 1024;

const BYTES_PER_TURN = 4 * 1024 * 1024;

/** A pace that ends with a signal, and tells of each turn. */
export function startPace(signal: AbortSignal | undefined, onTurn: () => void = () => {}): Pace {
  let pending = 0;
  return async (bytes) => {
    signal?.throwIfAborted();
    pending += bytes;
    if (pending < BYTES_PER_TURN) return;
    onTurn();
    pending = 0;
    await new Promise((resolve) => setImmediate(resolve));
  };
}
