import { RootfsError, type RootfsErrorCode } from "../errors/rootfs-error.ts";

/** What the faults that the tar reader knows for layers are for an archive of any other source. */
const CODES: ReadonlyMap<RootfsErrorCode, RootfsErrorCode> = new Map([
  ["LAYER_INVALID", "ARCHIVE_INVALID"],
  ["LAYER_UNSUPPORTED", "ARCHIVE_INVALID"],
  ["LAYER_ESCAPE", "ARCHIVE_ESCAPE"],
  ["LAYER_TOO_LARGE", "ARCHIVE_TOO_LARGE"],
]);

const HINTS: Partial<Record<RootfsErrorCode, string>> = {
  ARCHIVE_INVALID: "What sends the archive is broken, or a guest that is not to be trusted.",
  ARCHIVE_ESCAPE: "No tree has such names: the guest that sends the archive is not to be trusted.",
  ARCHIVE_TOO_LARGE: "Raise the limit in `limits` if you trust what sends the archive.",
};

/** The same fault, told of an archive. `entry` is the name of the entry that was at hand. */
export function archiveFault(error: unknown, entry: string | undefined): unknown {
  const code = error instanceof RootfsError ? CODES.get(error.code as RootfsErrorCode) : undefined;
  if (!(error instanceof RootfsError) || code === undefined) return error;
  const hint = HINTS[code];
  const where = entry === undefined ? "" : ` (at or after entry ${JSON.stringify(entry.slice(0, 200))})`;
  return new RootfsError({
    code,
    message: `${error.message}${where}`,
    details: { ...error.details, ...(entry === undefined ? {} : { entry }) },
    ...(hint === undefined ? {} : { hint }),
  });
}
