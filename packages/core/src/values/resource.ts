/** What getrlimit(2) can limit, by Linux' numbers (asm-generic/resource.h). */
export const RESOURCES = {
  cpu: 0,
  fsize: 1,
  data: 2,
  stack: 3,
  core: 4,
  rss: 5,
  nproc: 6,
  nofile: 7,
  memlock: 8,
  as: 9,
  locks: 10,
  sigpending: 11,
  msgqueue: 12,
  nice: 13,
  rtprio: 14,
  rttime: 15,
} as const;

/** A resource that can be limited, getrlimit(2). */
export type ResourceName = keyof typeof RESOURCES;

/** The limit that a process starts with, and the one up to which it may raise that itself; `Infinity` for none. */
export interface ResourceLimits {
  readonly soft: number;
  readonly hard: number;
}

/** RLIM_INFINITY. */
const NO_LIMIT = 2n ** 64n - 1n;

/** A limit as the kernel has it; undefined for what is neither a whole number from 0 nor `Infinity`. */
export function limitValue(limit: number): bigint | undefined {
  if (limit === Number.POSITIVE_INFINITY) return NO_LIMIT;
  return Number.isSafeInteger(limit) && limit >= 0 ? BigInt(limit) : undefined;
}
