import prettyBytes from "pretty-bytes";

/** What is known of one blob of an image on its way. */
export interface BlobProgress {
  readonly digest: string;
  readonly size: number;
  /** Bytes so far. */
  readonly moved: number;
  readonly state: "moving" | "present" | "done";
}

const DIGEST_CHARACTERS = 12;
const BAR_CHARACTERS = 24;
/** Before the bar: digest and state. */
const STATE_CHARACTERS = 8;

/** `sha256:3f2a...` as people know it: its first characters. */
export function shortDigest(digest: string): string {
  return digest.slice(digest.indexOf(":") + 1).slice(0, DIGEST_CHARACTERS);
}

/** One line for a blob: digest, state, and a bar while it moves. */
export function formatBlob({ digest, size, moved, state }: BlobProgress, columns: number): string {
  const line = `${shortDigest(digest)}  ${state.padEnd(STATE_CHARACTERS)}`;
  const sizes = state === "moving" ? `${prettyBytes(moved)} of ${prettyBytes(size)}` : prettyBytes(size);
  const withBar = state === "moving" ? `${line} ${bar(moved, size)}  ${sizes}` : `${line} ${sizes}`;
  // A line that breaks would be counted as one and leave remains on the screen.
  return withBar.length < columns ? withBar : line.slice(0, Math.max(0, columns - 1));
}

function bar(moved: number, size: number): string {
  const filled = size === 0 ? BAR_CHARACTERS : Math.min(BAR_CHARACTERS, Math.floor((moved / size) * BAR_CHARACTERS));
  return `[${"=".repeat(filled)}${" ".repeat(BAR_CHARACTERS - filled)}]`;
}

/** The lines of a screen for all blobs; those that are done make room first when there are more than rows. */
export function formatBlobs(
  blobs: readonly BlobProgress[],
  { columns, rows }: { readonly columns: number; readonly rows: number },
): string {
  const moving = blobs.filter(({ state }) => state === "moving");
  const shown = blobs.length < rows ? blobs : moving.slice(0, Math.max(1, rows - 2));
  const lines = shown.map((blob) => formatBlob(blob, columns));
  const finished = blobs.length - moving.length;
  return [...lines, ...(shown === blobs ? [] : [`${finished} of ${blobs.length} done`])].join("\n");
}
