import type { Platform } from "@a3s/core";
import type { Descriptor } from "./descriptor.ts";

/** What an absent variant means, and, best first, which variants a CPU of each variant runs. */
const VARIANTS: Readonly<Record<string, { readonly implied: string; readonly order: readonly string[] }>> = {
  amd64: { implied: "v1", order: ["v4", "v3", "v2", "v1"] },
  arm: { implied: "v7", order: ["v8", "v7", "v6", "v5"] },
  arm64: { implied: "v8", order: ["v9", "v8"] },
};

type PlatformLike = {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string | null | undefined;
};

/**
 * How far a platform is from the wanted one: 0 is the same, a larger number an older variant that still runs,
 * `undefined` one that does not run.
 */
export function platformDistance(wanted: Platform, offered: PlatformLike): number | undefined {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return undefined;
  const variants = VARIANTS[wanted.architecture];
  const want = wanted.variant || variants?.implied || "";
  const have = offered.variant || variants?.implied || "";
  if (want === have) return 0;
  const from = variants?.order.indexOf(want) ?? -1;
  const to = variants?.order.indexOf(have) ?? -1;
  return from === -1 || to < from ? undefined : to - from;
}

/**
 * Chooses the entry of an index for a platform: the nearest variant, the first of equals (image-spec image-index.md).
 * An only entry without a platform is taken; its image configuration is checked later.
 */
export function matchPlatform(wanted: Platform, manifests: readonly Descriptor[]): Descriptor | undefined {
  const [only] = manifests;
  if (manifests.length === 1 && only !== undefined && !only.platform) return only;
  let best: { readonly descriptor: Descriptor; readonly distance: number } | undefined;
  for (const descriptor of manifests) {
    const distance = descriptor.platform ? platformDistance(wanted, descriptor.platform) : undefined;
    if (distance !== undefined && (best === undefined || distance < best.distance)) best = { descriptor, distance };
  }
  return best?.descriptor;
}

/** `linux/arm/v7` */
export function formatPlatform({ os, architecture, variant }: PlatformLike): string {
  return variant ? `${os}/${architecture}/${variant}` : `${os}/${architecture}`;
}
