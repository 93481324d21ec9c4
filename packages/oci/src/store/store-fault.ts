import { OciError } from "../errors/oci-error.ts";

const HINTS: Readonly<Record<string, string>> = {
  ENOSPC: "The disk is full; remove images or make space.",
  EDQUOT: "The disk quota is used up; remove images or raise it.",
  EACCES: "Give this user access to the directory, or set A3S_HOME to another.",
  EPERM: "Give this user access to the directory, or set A3S_HOME to another.",
  EROFS: "The file system is read-only; set A3S_HOME to another.",
};

/** Turns a failed file operation into `STORE_INACCESSIBLE`; anything else passes as it is. */
export function storeFault(directory: string, error: unknown): unknown {
  const { code, syscall } = error as NodeJS.ErrnoException;
  if (!(error instanceof Error) || typeof code !== "string" || syscall === undefined) return error;
  return new OciError({
    code: "STORE_INACCESSIBLE",
    message: `The image store ${directory} cannot be used: ${error.message}`,
    hint: HINTS[code] ?? "Look at the path and the error above.",
    cause: error,
    details: { directory, cause: code },
  });
}

export function storeCorrupt(path: string, fault: string, cause?: unknown): OciError {
  return new OciError({
    code: "STORE_CORRUPT",
    message: `${path} in the image store is damaged: ${fault}`,
    hint: "Move the file away and pull the image again; moving index.json away forgets all names but keeps the content.",
    cause,
    details: { path },
  });
}
