import { parseReference } from "../reference/reference.ts";
import { policyInvalid } from "./faults.ts";
import { type PolicyKey, parsePublicKey } from "./public-key.ts";

/** Most keys of one policy. */
const MAX_KEYS = 64;

/** Takes an image whether it is signed or not. */
export interface SkipPolicy {
  readonly type: "skip";
}

interface RepositoryRule {
  /**
   * The repository that a signature has to name, as in `docker.io/library/redis`; for images that were copied from where they were
   * signed. By default a signature that names a repository has to name the one that the image comes from, and may name none.
   */
  readonly repository?: string | undefined;
}

/** Asks for a signature by one of the given keys. The transparency log is not consulted. */
export interface KeyPolicy extends RepositoryRule {
  readonly type: "key";
  /** PEM texts, each one `PUBLIC KEY` (SPKI): ECDSA over P-256, P-384 or P-521, Ed25519, or RSA of at least 2048 bits. */
  readonly publicKeys: string | readonly string[];
}

/** Asks for a signature with a certificate that a sigstore CA issued to an identity, and that its transparency log has. */
export interface KeylessPolicy extends RepositoryRule {
  readonly type: "keyless";
  /** Who vouched for the identity, compared exactly: `https://token.actions.githubusercontent.com`. */
  readonly issuer: string;
  /** Who signed: an email address or a URI. A string is compared exactly; an expression has to match from start to end. */
  readonly identity: string | RegExp;
  /**
   * The certificates and logs to trust: a sigstore TrustedRoot as JSON value, or the path of its file. By default that of the
   * public sigstore, fetched and checked by TUF before each use.
   */
  readonly trustedRoot?: string | Readonly<Record<string, unknown>> | undefined;
}

/** What an image has to be signed with to be pulled. */
export type SignaturePolicy = SkipPolicy | KeyPolicy | KeylessPolicy;

/** A policy of which every part has been looked at. */
export type PreparedPolicy =
  | SkipPolicy
  | { readonly type: "key"; readonly keys: readonly PolicyKey[]; readonly repository: string | undefined }
  | {
      readonly type: "keyless";
      readonly issuer: string;
      readonly isIdentity: (identity: string) => boolean;
      readonly repository: string | undefined;
      readonly trustedRoot: KeylessPolicy["trustedRoot"];
    };

/** @throws OciError `SIGNATURE_POLICY_INVALID` */
export function preparePolicy(policy: SignaturePolicy): PreparedPolicy {
  const { type } = policy;
  if (type === "skip") return { type };
  if (type === "key") {
    const keys = [policy.publicKeys].flat().map(parsePublicKey);
    if (keys.length === 0 || keys.length > MAX_KEYS) {
      throw policyInvalid(`it has ${keys.length} public keys`, `Give between 1 and ${MAX_KEYS} keys.`);
    }
    return { type, keys, repository: parseRepository(policy.repository) };
  }
  if (type === "keyless") {
    const { issuer, identity, repository, trustedRoot } = policy;
    if (typeof issuer !== "string" || issuer === "") {
      throw policyInvalid("it names no issuer", "Set issuer to the address of the identity provider.");
    }
    return {
      type,
      issuer,
      isIdentity: identityTest(identity),
      repository: parseRepository(repository),
      trustedRoot,
    };
  }
  const shown = JSON.stringify(String(type).slice(0, 80));
  throw policyInvalid(`${shown} is no type of policy`, "Set type to skip, key or keyless.");
}

function identityTest(identity: unknown): (identity: string) => boolean {
  if (typeof identity === "string" && identity !== "") return (actual) => actual === identity;
  if (!(identity instanceof RegExp)) {
    throw policyInvalid("it names no identity", "Set identity to the email address or URI that signs.");
  }
  // Without g and y, which keep state, and without m, which lets a line of many match.
  const whole = new RegExp(`^(?:${identity.source})$`, identity.flags.replace(/[gym]/g, ""));
  return (actual) => whole.test(actual);
}

function parseRepository(repository: string | undefined): string | undefined {
  if (repository === undefined) return undefined;
  try {
    return repositoryOf(repository);
  } catch (cause) {
    const fault = `${JSON.stringify(String(repository).slice(0, 200))} is no repository`;
    throw policyInvalid(fault, "Write it with its registry, as in ghcr.io/owner/name.", cause);
  }
}

/** `redis:7` -> `docker.io/library/redis`. @throws OciError `REFERENCE_INVALID` */
export function repositoryOf(reference: string): string {
  const { registry, repository } = parseReference(reference);
  return `${registry}/${repository}`;
}
