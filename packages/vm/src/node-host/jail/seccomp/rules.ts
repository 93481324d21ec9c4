import type { StartRequest } from "../../request/start-request.ts";
import { ALLOWED, JUDGED, numberOf } from "./calls.ts";

/** What one call may be. */
export interface Rule {
  readonly number: number;
  /** Of which argument; of none, when any call is allowed. */
  readonly argument?: number;
  /** The low 32 bits of the argument have to fit one of these. */
  readonly patterns?: readonly Pattern[];
  /** An error number for the caller instead of the call. */
  readonly fails?: number;
}

export interface Pattern {
  readonly mask: number;
  readonly value: number;
}

/** Architectures whose calls are known. */
export type Architecture = "x64" | "arm64";

const ENOSYS = 38;
const exactly = (value: number): Pattern => ({ mask: 0xffff_ffff, value });
/** sched.h: what pthread_create asks for, with or without CLONE_DETACHED, which means nothing any more. */
const THREAD: Pattern = { mask: ~0x0040_0000 >>> 0, value: 0x003d_0f00 };
const CLONE_FS = 0x200;
/** mman.h: the libraries are loaded and V8 makes no code (`--jitless`), so none comes any more. */
const NOT_EXECUTABLE: Pattern = { mask: 4, value: 0 };
/** linux/kvm.h: the type 0xAE. Then TCGETS, BLKSSZGET, FIONREAD, FIONBIO. */
const REQUESTS = [{ mask: 0xff00, value: 0xae00 }, ...[0x5401, 0x1268, 0x541b, 0x5421].map(exactly)];
/** fcntl.h: not those that make the kernel send signals. */
const COMMANDS = [0, 1030, 1, 2, 3, 4, 5, 6, 7, 36, 37, 38, 1032, 1031, 1033, 1034].map(exactly);
/** prctl.h: names, and what only reads. */
const OPTIONS = [15, 16, 0x5356_4d41, 23, 47, 27, 3, 2, 39].map(exactly);
const AF = { UNIX: 1, INET: 2, INET6: 10 } as const;

/**
 * The calls of a VM, as the native vm-host has them. Pure.
 * @param pid the process's own: it signals its own threads only
 */
export function vmRules(architecture: Architecture, network: StartRequest["jail"]["network"], pid: number): Rule[] {
  const domains = network === "isolated" ? [AF.UNIX] : [AF.UNIX, AF.INET, AF.INET6];
  const judged: Readonly<Record<keyof typeof JUDGED, Omit<Rule, "number">>> = {
    ioctl: { argument: 1, patterns: REQUESTS },
    clone: { argument: 0, patterns: [THREAD] },
    fcntl: { argument: 1, patterns: COMMANDS },
    mmap: { argument: 2, patterns: [NOT_EXECUTABLE] },
    mprotect: { argument: 2, patterns: [NOT_EXECUTABLE] },
    prctl: { argument: 0, patterns: OPTIONS },
    prlimit64: { argument: 0, patterns: [exactly(0)] },
    socket: { argument: 0, patterns: domains.map(exactly) },
    socketpair: { argument: 0, patterns: [exactly(AF.UNIX)] },
    tgkill: { argument: 0, patterns: [exactly(pid)] },
    unshare: { argument: 0, patterns: [exactly(CLONE_FS)] },
    // Its flags lie in memory, where no filter sees them; glibc then takes clone.
    clone3: { fails: ENOSYS },
  };
  const names = Object.keys(judged) as (keyof typeof JUDGED)[];
  return [
    ...names.flatMap((name) => {
      const number = numberOf(JUDGED[name], architecture);
      return number === undefined ? [] : [{ number, ...judged[name] }];
    }),
    ...Object.values(ALLOWED).flatMap((numbers) => {
      const number = numberOf(numbers, architecture);
      return number === undefined ? [] : [{ number }];
    }),
  ];
}
