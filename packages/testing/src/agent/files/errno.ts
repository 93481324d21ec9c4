/** Linux error numbers of files, whatever this machine's are. */
const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  EBUSY: 16,
  EEXIST: 17,
  ENOTDIR: 20,
  EISDIR: 21,
  EINVAL: 22,
  ENAMETOOLONG: 36,
  ENOTEMPTY: 39,
  ELOOP: 40,
  EOPNOTSUPP: 95,
} as const;

export type ErrnoName = keyof typeof ERRNO;

/** What the double's kernel answers. */
export class Errno extends Error {
  readonly number: number;

  constructor(name: ErrnoName, path: string) {
    super(`${path}: ${name}`);
    this.number = ERRNO[name];
  }
}
