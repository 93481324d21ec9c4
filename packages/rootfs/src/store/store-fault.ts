import { BoxError } from "@a3s/core";
import { RootfsError } from "../errors/rootfs-error.ts";
import { errnoCode } from "../posix/errno.ts";

/** Runs work on the store; system errors become errors that say so. Other errors pass. */
export async function inStore<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw storeFault(directory, error);
  }
}

function storeFault(directory: string, cause: unknown): unknown {
  const code = errnoCode(cause);
  if (cause instanceof BoxError || code === undefined || !(cause instanceof Error)) return cause;
  if (code === "ENOSPC" || code === "EDQUOT") {
    return new RootfsError({
      code: "NO_SPACE",
      message: `No space is left in ${directory}`,
      hint: "Free space, remove roots and images that are no longer needed, or set A3S_HOME to a larger file system.",
      cause,
      details: { directory },
    });
  }
  return new RootfsError({
    code: "STORE_UNAVAILABLE",
    message: `The store ${directory} cannot be used: ${cause.message}`,
    hint: "Check that the directory is on a local file system and belongs to you.",
    cause,
    details: { directory, errno: code },
  });
}
