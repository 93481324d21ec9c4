import { layerFault } from "../errors/layer-fault.ts";
import { readNumberField } from "./number-field.ts";
import { type PaxRecords, paxNumber, paxText } from "./pax.ts";

/** Data of a sparse file: `length` bytes at `offset`. What no range covers is a hole. */
export interface SparseRange {
  readonly offset: number;
  readonly length: number;
}

/**
 * How the data in a sparse entry's body is laid out. The formats are GNU tar's:
 *
 * - `list`: the ranges are known (PAX 0.0 and 0.1);
 * - `blocks`: those in the header are known, and blocks with more may follow it (old GNU, type `S`);
 * - `body`: the body begins with them, as lines of decimal numbers padded to whole blocks (PAX 1.0).
 */
export type SparseMap =
  | { readonly kind: "list"; readonly ranges: readonly SparseRange[] }
  | { readonly kind: "blocks"; readonly ranges: readonly SparseRange[]; readonly extended: boolean }
  | { readonly kind: "body" };

/** What PAX records say of a sparse file. */
export interface PaxSparse {
  /** The file's name; the entry's own is made up. Undefined when the entry's counts. */
  readonly path: string | undefined;
  readonly size: number;
  readonly map: SparseMap;
}

/** Prefix of every keyword of GNU tar's sparse files. */
export const SPARSE_PREFIX = "GNU.sparse.";

const RANGE_BYTES = 24;

/**
 * The ranges in a block of the old GNU format: pairs of numbers of 12 bytes, the first unused one of which begins with NUL.
 *
 * @throws RootfsError `LAYER_INVALID`
 */
export function readSparseBlock(block: Buffer, offset: number, count: number): readonly SparseRange[] {
  const ranges: SparseRange[] = [];
  for (let at = offset; at < offset + count * RANGE_BYTES && block[at] !== 0; at += RANGE_BYTES) {
    ranges.push({
      offset: readNumberField(block, at, 12, "sparse offset"),
      length: readNumberField(block, at + 12, 12, "sparse length"),
    });
  }
  return ranges;
}

/**
 * What PAX records say of a sparse file; undefined when they say nothing. The versions are told apart as Go's reader does: by
 * `major` and `minor`, and without these by the map.
 *
 * @throws RootfsError `LAYER_INVALID`, `LAYER_UNSUPPORTED` for versions that nobody has defined: readers take such files for plain ones.
 */
export function readPaxSparse(pax: PaxRecords): PaxSparse | undefined {
  if (!pax.keys().some((keyword) => keyword.startsWith(SPARSE_PREFIX))) return undefined;
  const version = `${paxText(pax, "GNU.sparse.major") ?? ""}.${paxText(pax, "GNU.sparse.minor") ?? ""}`;
  const hasMap = pax.has("GNU.sparse.map");
  if (version === "1.0" && !hasMap) return { ...nameAndSize(pax), map: { kind: "body" } };
  if (hasMap && (version === "." || version === "0.0" || version === "0.1")) {
    return { ...nameAndSize(pax), map: { kind: "list", ranges: listedRanges(pax) } };
  }
  throw layerFault("LAYER_UNSUPPORTED", `The layer holds a sparse file of an unknown version, ${version}`);
}

function nameAndSize(pax: PaxRecords) {
  // Each version has its own name for the size; readers differ in which one wins.
  const sizes = ["GNU.sparse.size", "GNU.sparse.realsize"].map((keyword) => paxNumber(pax, keyword));
  const [size, ...others] = sizes.filter((each) => each !== undefined);
  if (size === undefined || others.some((other) => other !== size)) throw broken("has no size, or two");
  return { path: paxText(pax, "GNU.sparse.name"), size };
}

function listedRanges(pax: PaxRecords): readonly SparseRange[] {
  const text = paxText(pax, "GNU.sparse.map");
  const numbers = text === undefined ? [] : text.split(",").map(readSparseNumber);
  if (numbers.length !== 2 * (paxNumber(pax, "GNU.sparse.numblocks") ?? -1))
    throw broken("has not as many ranges as it says");
  return rangesOf(numbers);
}

/** Offsets and lengths in turn, as ranges. */
export function rangesOf(numbers: readonly number[]): readonly SparseRange[] {
  const ranges: SparseRange[] = [];
  for (let index = 0; index < numbers.length; index += 2) {
    ranges.push({ offset: numbers[index] as number, length: numbers[index + 1] as number });
  }
  return ranges;
}

/** A decimal number of a sparse map. */
export function readSparseNumber(text: string): number {
  const value = /^[0-9]{1,16}$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw broken("holds something that is no number");
  return value;
}

/**
 * Ranges must be in order, apart and within the file, and the archive must hold as many bytes as they cover: readers disagree about
 * anything else, and about where the next header is.
 *
 * @throws RootfsError `LAYER_INVALID`
 */
export function checkSparseRanges(ranges: readonly SparseRange[], size: number, storedBytes: number): void {
  let end = 0;
  let covered = 0;
  for (const { offset, length } of ranges) {
    if (offset < end || length < 0 || offset + length > size) throw broken("leaves the file, or its own order");
    end = offset + length;
    covered += length;
  }
  if (covered !== storedBytes) throw broken(`covers ${covered} bytes where the archive holds ${storedBytes}`);
}

export function broken(what: string) {
  return layerFault("LAYER_INVALID", `The map of a sparse file ${what}`);
}
