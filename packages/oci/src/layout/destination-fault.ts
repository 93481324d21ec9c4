import { OciError } from "../errors/oci-error.ts";

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full; make space or write somewhere else.",
  EDQUOT: "The disk quota is used up; make space or write somewhere else.",
  EFBIG: "The file system allows no larger file; write somewhere else.",
  EACCES: "Give this user access to the directory, or write somewhere else.",
  EPERM: "Give this user access to the directory, or write somewhere else.",
  EROFS: "The file system is read-only; write somewhere else.",
  ENOENT: "Make the directory first.",
  ENOTDIR: "A file is in the way; choose another path.",
  EISDIR: "A directory is in the way; choose another path.",
  EEXIST: "A file is in the way; choose another path.",
};

/** Runs file operations of a destination; a failed one becomes `DESTINATION_INACCESSIBLE`, anything else passes as it is. */
export async function writingTo<T>(path: string, task: () => Promise<T>): Promise<T> {
  try {
    return await task();
  } catch (error) {
    const { code, syscall } = error as NodeJS.ErrnoException;
    if (!(error instanceof Error) || typeof code !== "string" || syscall === undefined) throw error;
    throw new OciError({
      code: "DESTINATION_INACCESSIBLE",
      message: `${path} cannot be written: ${error.message}`,
      hint: HINTS[code] ?? "Look at the path and the error above.",
      cause: error,
      details: { path, cause: code },
    });
  }
}
