import { readFile } from "node:fs/promises";
import { type Digest, isDigest, writeFileAtomic } from "@a3s/core";
import { RootfsError } from "../errors/rootfs-error.ts";
import type { UnsetCounts } from "../tree/unset.ts";

/** `manifest.json` of a root. It is written last: a directory without one is no root. */
export interface RootManifest {
  readonly version: 1;
  readonly chainId: Digest;
  /** Lowest first. */
  readonly layers: readonly { readonly digest: Digest; readonly diffId: Digest }[];
  /** ISO 8601. */
  readonly createdAt: string;
  /** Entries of all layers, whiteouts included. */
  readonly entries: number;
  /** Uncompressed bytes of all layers. */
  readonly totalBytes: number;
  /** What this machine could not set; `unset.jsonl` beside it says it file by file. */
  readonly unset: UnsetCounts;
}

export function writeManifest(path: string, manifest: RootManifest): Promise<void> {
  return writeFileAtomic(path, `${JSON.stringify(manifest, undefined, 2)}\n`, { mode: 0o600 });
}

/** The manifest, or undefined when there is none. @throws RootfsError `STORE_CORRUPT` */
export async function readManifest(path: string, chainId: Digest): Promise<RootManifest | undefined> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new RootfsError({
      code: "STORE_UNAVAILABLE",
      message: `The manifest ${path} cannot be read`,
      hint: "Check the owner and the permissions of the store.",
      cause: error,
    });
  }
  const manifest = parse(text);
  if (!isManifest(manifest) || manifest.chainId !== chainId) {
    throw new RootfsError({
      code: "STORE_CORRUPT",
      message: `The manifest ${path} is damaged`,
      hint: "Prepare the root again from its layers; it is replaced.",
      details: { path, chainId },
    });
  }
  return manifest;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isManifest(value: unknown): value is RootManifest {
  if (typeof value !== "object" || value === null) return false;
  const { version, chainId, layers, createdAt, entries, totalBytes, unset } = value as Record<string, unknown>;
  const isLayer = (layer: unknown) => {
    if (typeof layer !== "object" || layer === null) return false;
    return isDigest((layer as { digest?: unknown }).digest) && isDigest((layer as { diffId?: unknown }).diffId);
  };
  return (
    version === 1 &&
    isDigest(chainId) &&
    Array.isArray(layers) &&
    layers.every(isLayer) &&
    typeof createdAt === "string" &&
    typeof entries === "number" &&
    typeof totalBytes === "number" &&
    typeof unset === "object" &&
    unset !== null &&
    ["owners", "devices", "xattrs"].every((kind) => typeof (unset as Record<string, unknown>)[kind] === "number")
  );
}
