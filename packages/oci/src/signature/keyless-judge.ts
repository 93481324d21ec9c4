import type { Bundle } from "@sigstore/bundle";
import type { TrustMaterial } from "@sigstore/verify";
import { legacyBundle } from "./annotated-bundle.ts";
import { quoted, SignatureRejected } from "./faults.ts";
import type { Judge } from "./judge.ts";
import type { PreparedPolicy } from "./signature-policy.ts";
import { bundledStatement, checkSubject, parseBundle, SIGN_PREDICATE } from "./sigstore-bundle.ts";
import { checkClaims } from "./simple-signing.ts";

type KeylessRule = Pick<Extract<PreparedPolicy, { readonly type: "keyless" }>, "issuer" | "isIdentity">;

/**
 * Accepts what the identity has signed with a certificate that chains to a trusted CA and was valid at a time that a trusted log or
 * timestamp authority vouches for, that has a timestamp of a trusted certificate log, and whose signature a trusted transparency
 * log has: one of each, the defaults of the sigstore library.
 */
export async function judgeKeyless(rule: KeylessRule, trust: TrustMaterial): Promise<Judge> {
  const { toSignedEntity, Verifier } = await import("@sigstore/verify");
  const verifier = new Verifier(trust);

  // The library would take an identity for an expression that matches anywhere, so the comparison is made here.
  const identify = (bundle: Bundle, artifact?: Uint8Array) => {
    const { subjectAlternativeName: identity, extensions } = signerOf(() =>
      verifier.verify(toSignedEntity(bundle, artifact === undefined ? undefined : Buffer.from(artifact))),
    );
    const issuer = extensions?.issuer;
    if (issuer !== rule.issuer || identity === undefined || !rule.isIdentity(identity)) {
      const signer = `${quoted(identity)}, vouched for by ${quoted(issuer)}`;
      throw new SignatureRejected(`It was made by ${signer}, whom the policy does not name`);
    }
    return { issuer, identity };
  };

  return async (found, claims) => {
    const { digest, format } = found;
    if (found.format === "simple-signing") {
      const json = legacyBundle(found);
      if (json === undefined) return undefined;
      const signer = identify(await parseBundle(json), found.payload);
      const reference = checkClaims(found.payload, claims);
      return { policy: "keyless", digest, format, ...signer, ...(reference === "" ? {} : { reference }) };
    }
    const bundle = await parseBundle(found.bundle);
    if (bundle.verificationMaterial.content.$case === "publicKey") return undefined;
    const statement = bundledStatement(bundle);
    if (statement?.predicateType !== SIGN_PREDICATE) return undefined;
    const signer = identify(bundle);
    checkSubject(statement, claims);
    return { policy: "keyless", digest, format, ...signer };
  };
}

type Signer = ReturnType<InstanceType<typeof import("@sigstore/verify").Verifier>["verify"]>;

/** Whatever goes wrong while a hostile bundle is looked at, it is not verified. */
function signerOf(verify: () => Signer): NonNullable<Signer["identity"]> {
  try {
    return verify().identity ?? {};
  } catch (error) {
    const { message, cause } = error as Error;
    const why = cause instanceof Error ? `${message}: ${cause.message}` : message;
    throw new SignatureRejected(`It could not be verified: ${why.slice(0, 300)}`);
  }
}
