import { promisify } from "node:util";
import koffi from "koffi";

const POLLIN = 1;

/**
 * Resolves when a process that need not be a child has ended; at once when there is none. Waits on a pidfd in a thread
 * of its own, so the event loop goes on.
 *
 * @throws Error when it has not ended within `timeoutMs`.
 */
export async function waitForExit(pid: number, timeoutMs: number): Promise<void> {
  const libc = koffi.load("libc.so.6");
  const pidfdOpen = libc.func("int pidfd_open(int pid, unsigned int flags)");
  const close = libc.func("int close(int fd)");
  const descriptor: number = pidfdOpen(pid, 0);
  if (descriptor < 0) return;
  try {
    const poll = promisify(libc.func("int poll(_Inout_ uint8_t *fds, unsigned long count, int timeout)").async);
    const request = new Uint8Array(8);
    new DataView(request.buffer).setInt32(0, descriptor, true);
    new DataView(request.buffer).setInt16(4, POLLIN, true);
    if ((await poll(request, 1, timeoutMs)) !== 1)
      throw new Error(`process ${pid} has not ended within ${timeoutMs} ms`);
  } finally {
    close(descriptor);
  }
}
