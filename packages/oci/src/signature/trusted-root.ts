import { readFile, stat } from "node:fs/promises";
import { raceSignal } from "@a3s/core";
import type { TrustMaterial } from "@sigstore/verify";
import { policyInvalid } from "./faults.ts";
import { parseTrustedRoot } from "./trusted-root-document.ts";

const MAX_ROOT_BYTES = 4 * 1024 * 1024;
const PUBLIC_MIRROR = "https://tuf-repo-cdn.sigstore.dev";

/** How the trusted root of the public sigstore is fetched. */
export interface TufOptions {
  readonly mirrorURL?: string;
  /** Where the last verified metadata is kept; the sigstore directory in the user's data directory by default. */
  readonly cachePath?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The keys and certificates to trust. @throws OciError `SIGNATURE_POLICY_INVALID` */
export async function loadTrustMaterial(
  source: string | Readonly<Record<string, unknown>> | undefined,
  tuf: TufOptions,
): Promise<TrustMaterial> {
  const root = parseTrustedRoot(await readRoot(source, tuf));
  const { toTrustMaterial } = await import("@sigstore/verify");
  try {
    return toTrustMaterial(root);
  } catch (cause) {
    throw policyInvalid("a certificate or key of the trusted root cannot be read", "Check the trusted root.", cause);
  }
}

async function readRoot(
  source: string | Readonly<Record<string, unknown>> | undefined,
  tuf: TufOptions,
): Promise<unknown> {
  if (typeof source === "object") return source;
  const text = source === undefined ? await fetchTrustedRoot(tuf) : await readRootFile(source, tuf.signal);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw policyInvalid("the trusted root is not JSON", "Give a sigstore TrustedRoot in JSON.", cause);
  }
}

async function readRootFile(path: string, signal: AbortSignal | undefined): Promise<string> {
  const hint = "Give the path of a sigstore TrustedRoot in JSON, as trusted_root.json.";
  try {
    const { size } = await stat(path);
    if (size > MAX_ROOT_BYTES) throw new Error(`it has ${size} bytes, more than ${MAX_ROOT_BYTES}`);
    return await readFile(path, { encoding: "utf8", ...(signal === undefined ? {} : { signal }) });
  } catch (cause) {
    signal?.throwIfAborted();
    throw policyInvalid(`the trusted root ${path} cannot be read: ${(cause as Error).message}`, hint, cause);
  }
}

/**
 * `trusted_root.json` of a TUF repository, by default that of the public sigstore, whose root keys come with the library. Each
 * request has 5 seconds and two retries; after an abort one that is under way still ends by itself.
 *
 * @throws OciError `SIGNATURE_POLICY_INVALID` when it can neither be fetched nor verified.
 */
export async function fetchTrustedRoot({ mirrorURL = PUBLIC_MIRROR, cachePath, signal }: TufOptions): Promise<string> {
  signal?.throwIfAborted();
  const { initTUF } = await import("@sigstore/tuf");
  const fetching = initTUF({ mirrorURL, ...(cachePath === undefined ? {} : { cachePath }) }).then((repository) =>
    repository.getTarget("trusted_root.json"),
  );
  try {
    return await raceSignal(fetching, signal);
  } catch (cause) {
    signal?.throwIfAborted();
    throw policyInvalid(
      `the trusted root could not be fetched from ${mirrorURL}: ${(cause as Error).message}`,
      "Check the network, or keep a copy of trusted_root.json and set trustedRoot in the policy to its path.",
      cause,
    );
  }
}
