import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import { Socket } from "node:net";

/** Waits for the end of somebody who holds a FIFO open for writing. */
export interface Liveness extends Disposable {
  /** The last of its writers is gone, whatever ended it. */
  readonly gone: Promise<void>;
}

/**
 * Looks at the FIFO that both processes of a VM hold open for writing (native/vm-host/PROTOCOL.md, "State"). The kernel
 * tells its reader when there is no writer any more: nothing polls, and SIGKILL is told of like any other end.
 * Undefined when nobody holds it, or it is not there: the VM is gone.
 */
export function watchLiveness(path: string): Liveness | undefined {
  let fd: number;
  try {
    fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  if (!fstatSync(fd).isFIFO() || !hasWriter(fd)) {
    closeSync(fd);
    return undefined;
  }
  // What comes through it, if anything, has no meaning.
  const reader = new Socket({ fd, readable: true, writable: false }).resume();
  const gone = new Promise<void>((resolve) => reader.once("end", resolve));
  reader.on("error", () => {});
  return { gone, [Symbol.dispose]: () => reader.destroy() };
}

/** pipe(7): a read without data is at the end when there is no writer, and EAGAIN when there is one. */
function hasWriter(fd: number): boolean {
  try {
    return readSync(fd, Buffer.alloc(1)) > 0;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EAGAIN") return true;
    throw error;
  }
}
