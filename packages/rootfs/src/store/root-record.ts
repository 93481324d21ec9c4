import { readFile } from "node:fs/promises";
import { type Digest, isDigest, writeFileAtomic } from "@a3s/core";
import { RootfsError } from "../errors/rootfs-error.ts";
import type { UnsetCounts } from "../tree/unset.ts";

/** `record.json` of a root. It is written last: a directory without one is no root. */
export interface RootRecord {
  readonly version: 2;
  readonly chainId: Digest;
  /** Lowest first. */
  readonly layers: readonly { readonly digest: Digest; readonly diffId: Digest }[];
  /** ISO 8601. */
  readonly createdAt: string;
  /** Entries of all layers, whiteouts included. */
  readonly entries: number;
  /** Uncompressed bytes of all layers. */
  readonly totalBytes: number;
  /** Files of the root, directories included. */
  readonly files: number;
  /** What they take on disk. */
  readonly diskBytes: number;
  /** What this machine could not set; `unset.jsonl` says it file by file. */
  readonly unset: UnsetCounts;
  /** Of `unset.jsonl`. */
  readonly unsetDigest: Digest;
  /** Of `manifest.jsonl`. */
  readonly manifestDigest: Digest;
}

export function writeRecord(path: string, record: RootRecord): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
}

/** The record, or undefined when there is none. @throws RootfsError `STORE_CORRUPT`, `STORE_UNAVAILABLE` */
export async function readRecord(path: string, chainId: Digest): Promise<RootRecord | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new RootfsError({
      code: "STORE_UNAVAILABLE",
      message: `The record ${path} cannot be read`,
      hint: "Check the owner and the permissions of the store.",
      cause: error,
    });
  }
  const record = parse(text);
  if (!isRecord(record) || record.chainId !== chainId) {
    throw new RootfsError({
      code: "STORE_CORRUPT",
      message: `The record ${path} is damaged or of another version`,
      hint: "Prepare the root again from its layers; it is replaced.",
      details: { path, chainId },
    });
  }
  return record;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const COUNTS = ["entries", "totalBytes", "files", "diskBytes"] as const;

function isRecord(value: unknown): value is RootRecord {
  if (!isObject(value)) return false;
  const { version, chainId, layers, createdAt, unset, unsetDigest, manifestDigest } = value;
  return (
    version === 2 &&
    [chainId, unsetDigest, manifestDigest].every(isDigest) &&
    Array.isArray(layers) &&
    layers.length > 0 &&
    layers.every((layer) => isObject(layer) && isDigest(layer["digest"]) && isDigest(layer["diffId"])) &&
    typeof createdAt === "string" &&
    COUNTS.every((count) => isCount(value[count])) &&
    isObject(unset) &&
    ["owners", "devices", "xattrs"].every((kind) => isCount(unset[kind]))
  );
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
