import { closeSync } from "node:fs";
import { createRequire } from "node:module";
import { getSystemErrorName } from "node:util";
import type koffi from "koffi";
import type { KoffiFunc } from "koffi";
import { isAlive, type ProcessIdentity } from "./identity.ts";

/** The same on every architecture: include/uapi/asm-generic/unistd.h. */
const SYS_PIDFD_SEND_SIGNAL = 424;
const SYS_PIDFD_OPEN = 434;

const SIGNALS = { SIGKILL: 9, SIGTERM: 15 } as const;

interface Calls {
  readonly syscall: KoffiFunc<(number: number, a: number, b: number, c: number, d: number) => number>;
  errno(): number;
}

let bound: Calls | undefined;

/** Loaded at first use: it takes some 20 ms, and only who has not started a process itself needs it. */
function calls(): Calls {
  if (bound !== undefined) return bound;
  const { load, errno } = createRequire(import.meta.url)("koffi") as typeof koffi;
  bound = { syscall: load(null).func("long syscall(long number, long a, long b, long c, long d)"), errno };
  return bound;
}

/**
 * Signals a process that is not a child of this one, and no other that may have got its pid: pidfd_open(2) holds the
 * process, whoever it is, and only then it is looked at. False when it is gone.
 */
export function signalProcess(identity: ProcessIdentity, signal: keyof typeof SIGNALS): boolean {
  const { syscall } = calls();
  const fd = syscall(SYS_PIDFD_OPEN, identity.pid, 0, 0, 0);
  if (fd < 0) return isGone("pidfd_open");
  try {
    if (!isAlive(identity)) return false;
    return syscall(SYS_PIDFD_SEND_SIGNAL, fd, SIGNALS[signal], 0, 0) === 0 || isGone("pidfd_send_signal");
  } finally {
    closeSync(fd);
  }
}

/** As Node.js words a failed system call, unless it failed because there is no such process. */
function isGone(call: string): false {
  const errno = -calls().errno();
  const code = getSystemErrorName(errno);
  if (code === "ESRCH") return false;
  throw Object.assign(new Error(`${code}: ${call}`), { code, errno, syscall: call });
}
