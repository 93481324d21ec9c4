import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import type koffi from "koffi";
import type { KoffiFunc } from "koffi";

const LOCK_SH = 1;
const LOCK_EX = 2;
const LOCK_NB = 4;

interface Calls {
  readonly flock: KoffiFunc<(fd: number, operation: number) => number>;
  readonly mkfifo: KoffiFunc<(path: string, mode: number) => number>;
  errno(): number;
}

let bound: Calls | undefined;

/** Loaded at first use: it takes some 20 ms, and most of what imports this package needs no lock. */
function calls(): Calls {
  if (bound !== undefined) return bound;
  const { load, errno } = createRequire(import.meta.url)("koffi") as typeof koffi;
  const library = load(null);
  bound = {
    flock: library.func("int flock(int fd, int operation)"),
    mkfifo: library.func("int mkfifo(const char *path, unsigned int mode)"),
    errno,
  };
  return bound;
}

/**
 * Takes flock(2) on an open file if nobody has it, or with `shared` if nobody has it for itself. Closing the file gives it back, and so does the
 * end of the process.
 */
export function tryFlock(
  file: { readonly fd: number },
  { shared = false }: { readonly shared?: boolean } = {},
): boolean {
  if (calls().flock(file.fd, (shared ? LOCK_SH : LOCK_EX) | LOCK_NB) === 0) return true;
  const error = failure("flock");
  if (error.code === "EAGAIN" || error.code === "EWOULDBLOCK") return false;
  throw error;
}

/** Makes a FIFO unless the path is taken. */
export function makeFifo(path: string): void {
  if (calls().mkfifo(path, 0o600) === 0) return;
  const error = failure("mkfifo", path);
  if (error.code !== "EEXIST") throw error;
}

/** As Node.js words a failed system call. */
function failure(syscall: string, path?: string): NodeJS.ErrnoException {
  const errno = -calls().errno();
  const code = getSystemErrorName(errno);
  const where = path === undefined ? "" : ` '${path}'`;
  return Object.assign(new Error(`${code}: ${syscall}${where}`), { code, errno, syscall });
}
