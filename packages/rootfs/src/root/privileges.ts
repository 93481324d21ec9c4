import { errnoCode } from "../posix/errno.ts";

/** Who this process is for the file system. */
export interface Privileges {
  readonly uid: number;
  readonly gid: number;
}

export function ownPrivileges(): Privileges {
  return { uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
}

/** Errors that say "not allowed to you" or "not on this file system" rather than "broken". */
const REFUSALS: ReadonlySet<string | undefined> = new Set(["EPERM", "EINVAL", "EOPNOTSUPP", "ENOTSUP", "EACCES"]);

export function isRefusal(code: string | undefined): boolean {
  return REFUSALS.has(code);
}

/** Undefined when the operation is refused to this user or on this file system. */
export function unlessRefused<T>(operation: () => T): T | undefined {
  try {
    return operation();
  } catch (error) {
    if (isRefusal(errnoCode(error))) return undefined;
    throw error;
  }
}
