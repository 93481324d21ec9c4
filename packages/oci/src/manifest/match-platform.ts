import type { Platform } from "@a3s/core";
import type { Descriptor } from "./descriptor.ts";

/** What an absent variant means, and, best first, which variants a CPU of each variant runs. */
const VARIANTS: Readonly<Record<string, { readonly implied: string; readonly order: readonly string[] }>> = {
  amd64: { implied: "v1", order: ["v4", "v3", "v2", "v1"] },
  arm: { implied: "v7", order: ["v8", "v7", "v6", "v5"] },
  arm64: { implied: "v8", order: ["v9", "v8"] },
};

/**
 * How far a platform is from the wanted one: 0 is the same, a larger number an older variant that still runs or one that leaves the
 * version of the system open, `undefined` one that does not run.
 */
export function platformDistance(wanted: Platform, offered: Platform): number | undefined {
  if (wanted.os !== offered.os || wanted.architecture !== offered.architecture) return undefined;
  const variant = variantDistance(wanted, offered);
  const version = versionDistance(wanted.osVersion, offered.osVersion);
  return variant === undefined || version === undefined ? undefined : 2 * variant + version;
}

function variantDistance(wanted: Platform, offered: Platform): number | undefined {
  const variants = VARIANTS[wanted.architecture];
  const want = wanted.variant || variants?.implied || "";
  const have = offered.variant || variants?.implied || "";
  if (want === have) return 0;
  const from = variants?.order.indexOf(want) ?? -1;
  const to = variants?.order.indexOf(have) ?? -1;
  return from === -1 || to < from ? undefined : to - from;
}

/**
 * Windows shares its kernel with containers, so the build must be the same; its revision may differ. `10.0.20348` fits
 * `10.0.20348.2159`. Who names no version takes any.
 */
function versionDistance(wanted: string | undefined, offered: string | undefined): 0 | 1 | undefined {
  if (wanted === undefined || wanted === offered) return 0;
  if (offered === undefined) return 1;
  const build = (version: string) => version.split(".", 3).join(".");
  return build(wanted) === build(offered) ? 1 : undefined;
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
    const offered = platformOf(descriptor);
    const distance = offered === undefined ? undefined : platformDistance(wanted, offered);
    if (distance !== undefined && (best === undefined || distance < best.distance)) best = { descriptor, distance };
  }
  return best?.descriptor;
}

/** The platform that an entry of an index is for, if it says so. */
export function platformOf({ platform }: Descriptor): Platform | undefined {
  if (!platform) return undefined;
  const { os, architecture, variant, "os.version": osVersion } = platform;
  return { os, architecture, ...(variant ? { variant } : {}), ...(osVersion ? { osVersion } : {}) };
}

/** `linux/arm/v7`, `windows(10.0.20348)/amd64` */
export function formatPlatform({ os, architecture, variant, osVersion }: Platform): string {
  const system = osVersion === undefined ? os : `${os}(${osVersion})`;
  return variant ? `${system}/${architecture}/${variant}` : `${system}/${architecture}`;
}
