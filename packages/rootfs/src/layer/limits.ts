/** Bounds of what layers may make this machine do. */
export interface LayerLimits {
  /** Entries of all layers together, and directories that only appear in names; 1 000 000 by default. */
  readonly maxEntries: number;
  /** Uncompressed bytes of all layers together; 32 GiB by default. */
  readonly maxTotalBytes: number;
  /** Bytes of one file; 16 GiB by default. */
  readonly maxFileBytes: number;
  /** Bytes of an entry's name, and of the path it has in the root; 4096 by default, as Linux. */
  readonly maxPathBytes: number;
  /** Directories above an entry; 128 by default. */
  readonly maxDepth: number;
  /** Bytes of a symbolic link's target; 4095 by default, as Linux. */
  readonly maxSymlinkBytes: number;
  /** Bytes of one PAX or GNU extension header; 1 MiB by default. */
  readonly maxExtensionBytes: number;
  /** Bytes of all names, link targets and extended attributes together, which stay in memory; 256 MiB by default. */
  readonly maxMetadataBytes: number;
  /**
   * Uncompressed bytes per compressed byte; 500 by default. It counts from {@link RATIO_FREE_BYTES} on, because small layers of zeros
   * are harmless and common.
   */
  readonly maxRatio: number;
}

/** Limits that every image seen in practice stays far below. */
export const DEFAULT_LAYER_LIMITS: LayerLimits = {
  maxEntries: 1_000_000,
  maxTotalBytes: 32 * 1024 ** 3,
  maxFileBytes: 16 * 1024 ** 3,
  maxPathBytes: 4096,
  maxDepth: 128,
  maxSymlinkBytes: 4095,
  maxExtensionBytes: 1024 ** 2,
  maxMetadataBytes: 256 * 1024 ** 2,
  maxRatio: 500,
};

/** Uncompressed bytes of a layer below which the compression ratio is not looked at. */
export const RATIO_FREE_BYTES = 512 * 1024 ** 2;
