import { createHash, generateKeyPairSync, sign } from "node:crypto";
import { type Bundle, bundleToJSON } from "@sigstore/bundle";
import { initializeCA, initializeCTLog, initializeTLog, initializeTSA } from "@sigstore/mock";
import { DSSEBundleBuilder, MessageSignatureBundleBuilder, type Signer, type Witness } from "@sigstore/sign";

const ISSUER_EXTENSION = "1.3.6.1.4.1.57264.1.8";
const LOG_URL = "https://rekor.example.com";

/** Who asks for a certificate. */
export interface TestIdentity {
  /** A URI; the test CA knows no other names. */
  readonly identity: string;
  readonly issuer: string;
}

/** What is wrong with an authority. */
export interface AuthorityOptions {
  /** Minutes that the clock of the transparency log is ahead; certificates are valid for 10. */
  readonly logAheadMinutes?: number;
  /** Whether certificates are entered in a certificate log; true by default. */
  readonly certificateLog?: boolean;
}

/** What a bundle is witnessed by: a log that promises the time, or one that does not, and a timestamp authority. */
export type Witnessing = readonly ("log" | "log without time" | "timestamp")[];

/** A whole sigstore in this process: a CA, its certificate log, a transparency log, a timestamp authority. Nothing goes over a network. */
export interface SigstoreAuthority {
  /** TrustedRoot as JSON. */
  readonly trustedRoot: TrustedRootJson;
  /** Signs a statement, as cosign 3 does: a bundle as JSON. */
  signStatement(statement: unknown, who: TestIdentity, witnessing?: Witnessing): Promise<BundleJson>;
  /** Signs a payload in the simple signing format, as cosign 2 does: the annotations of its layer. */
  signPayload(payload: Uint8Array, who: TestIdentity): Promise<Record<string, string>>;
}

export interface TrustedRootJson extends Record<string, unknown> {
  readonly mediaType: string;
  readonly tlogs: readonly unknown[];
  readonly ctlogs: readonly unknown[];
  readonly certificateAuthorities: readonly unknown[];
  readonly timestampAuthorities: readonly unknown[];
}

/** A bundle as JSON, free to be spoilt. */
// biome-ignore lint/suspicious/noExplicitAny: tests reach into every corner of it
export type BundleJson = any;

/** What Rekor answers. */
interface LogEntry {
  readonly body: string;
  readonly integratedTime: number;
  readonly logID: string;
  readonly logIndex: number;
  readonly verification: {
    readonly signedEntryTimestamp: string;
    readonly inclusionProof: {
      readonly logIndex: number;
      readonly treeSize: number;
      readonly rootHash: string;
      readonly checkpoint: string;
    };
  };
}

export async function sigstoreAuthority(options: AuthorityOptions = {}): Promise<SigstoreAuthority> {
  const { logAheadMinutes = 0, certificateLog = true } = options;
  const ctlog = await initializeCTLog(pair());
  const ca = await initializeCA(pair(), certificateLog ? ctlog : undefined);
  const tlog = await initializeTLog(LOG_URL, pair(), logAheadMinutes === 0 ? undefined : minutesAhead(logAheadMinutes));
  // Its clock stands still; a minute ahead is within the life of every certificate of a test.
  const tsa = await initializeTSA(pair(), minutesAhead(1));

  const signerFor = ({ identity, issuer }: TestIdentity): Signer => ({
    async sign(data) {
      const { publicKey, privateKey } = pair();
      const certificate = await ca.issueCertificate({
        publicKey: publicKey.export({ type: "spki", format: "der" }) as Buffer<ArrayBuffer>,
        subjectAltName: identity,
        extensions: [{ oid: ISSUER_EXTENSION, value: issuer }],
      });
      const key = { $case: "x509Certificate", certificate: certificatePem(bufferOf(certificate)) } as const;
      return { signature: sign("sha256", data, privateKey), key };
    },
  });

  const logWitness = (withTime: boolean): Witness => ({
    async testify(content, publicKey) {
      const answer = (await tlog.log(logEntryFor(content, publicKey))) as Record<string, LogEntry>;
      const [entry] = Object.values(answer);
      if (entry === undefined) throw new Error("The log took no entry");
      const { inclusionProof: proof, signedEntryTimestamp } = entry.verification;
      return {
        tlogEntries: [
          {
            logIndex: String(entry.logIndex),
            logId: { keyId: Buffer.from(entry.logID, "hex") },
            kindVersion: { kind: content.$case === "dsseEnvelope" ? "dsse" : "hashedrekord", version: "0.0.1" },
            integratedTime: String(entry.integratedTime),
            inclusionPromise: withTime
              ? { signedEntryTimestamp: Buffer.from(signedEntryTimestamp, "base64") }
              : undefined,
            inclusionProof: {
              logIndex: String(proof.logIndex),
              treeSize: String(proof.treeSize),
              rootHash: Buffer.from(proof.rootHash, "hex"),
              hashes: [],
              checkpoint: { envelope: proof.checkpoint },
            },
            canonicalizedBody: Buffer.from(entry.body, "base64"),
          },
        ],
      };
    },
  });

  const timestampWitness: Witness = {
    async testify(content) {
      const signature =
        content.$case === "dsseEnvelope" ? content.dsseEnvelope.signatures[0]?.sig : content.messageSignature.signature;
      const answer = await tsa.timestamp({
        artifactHash: sha256(signature ?? Buffer.alloc(0)),
        hashAlgorithmOID: "2.16.840.1.101.3.4.2.1",
        nonce: 1,
        policyOID: "1.3.6.1.4.1.57264.2",
      });
      return { rfc3161Timestamps: [{ signedTimestamp: bufferOf(answer) }] };
    },
  };

  return {
    trustedRoot: {
      mediaType: "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
      tlogs: [logJson(LOG_URL, tlog.publicKey)],
      ctlogs: [logJson("https://ctfe.example.com", ctlog.publicKey)],
      certificateAuthorities: [authorityJson([bufferOf(ca.rootCertificate)])],
      timestampAuthorities: [authorityJson([bufferOf(tsa.intCertificate), bufferOf(tsa.rootCertificate)])],
    },
    async signStatement(statement, who, witnessing = ["log"]) {
      const witnesses = witnessing.map((kind) =>
        kind === "timestamp" ? timestampWitness : logWitness(kind === "log"),
      );
      const builder = new DSSEBundleBuilder({ signer: signerFor(who), witnesses });
      const data = Buffer.from(JSON.stringify(statement));
      return bundleToJSON(await builder.create({ data, type: "application/vnd.in-toto+json" }));
    },
    async signPayload(payload, who) {
      const builder = new MessageSignatureBundleBuilder({ signer: signerFor(who), witnesses: [logWitness(true)] });
      return annotationsOf(await builder.create({ data: Buffer.from(payload) }));
    },
  };
}

/** In whole seconds, as timestamps are read. */
function minutesAhead(minutes: number): Date {
  return new Date((Math.floor(Date.now() / 1000) + minutes * 60) * 1000);
}

function pair() {
  return generateKeyPairSync("ec", { namedCurve: "P-256" });
}

function sha256(data: Uint8Array): Buffer {
  return createHash("sha256").update(data).digest();
}

function bufferOf({ buffer, byteOffset, byteLength }: ArrayBufferView<ArrayBuffer>): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}

function certificatePem(der: Buffer): string {
  const lines = der.toString("base64").replace(/.{64}/g, "$&\n");
  return `-----BEGIN CERTIFICATE-----\n${lines}\n-----END CERTIFICATE-----\n`;
}

function logJson(baseUrl: string, publicKey: Buffer): unknown {
  return {
    baseUrl,
    hashAlgorithm: "SHA2_256",
    publicKey: {
      rawBytes: publicKey.toString("base64"),
      keyDetails: "PKIX_ECDSA_P256_SHA_256",
      validFor: { start: "2020-01-01T00:00:00Z" },
    },
    logId: { keyId: sha256(publicKey).toString("base64") },
  };
}

function authorityJson(chain: readonly Buffer[]): unknown {
  return {
    subject: { organization: "sigstore.mock", commonName: "sigstore" },
    uri: "https://fulcio.example.com",
    certChain: { certificates: chain.map((der) => ({ rawBytes: der.toString("base64") })) },
    validFor: { start: "2020-01-01T00:00:00Z" },
  };
}

/** The entry that Rekor makes of a signature: types `dsse` and `hashedrekord`, version 0.0.1. */
function logEntryFor(content: Bundle["content"], publicKey: string): object {
  const verifier = Buffer.from(publicKey).toString("base64");
  const hash = (data: Uint8Array) => ({ algorithm: "sha256", value: sha256(data).toString("hex") });
  if (content.$case === "dsseEnvelope") {
    const { payload, signatures } = content.dsseEnvelope;
    const signature = signatures[0]?.sig.toString("base64");
    const spec = { envelopeHash: hash(payload), payloadHash: hash(payload), signatures: [{ signature, verifier }] };
    return { apiVersion: "0.0.1", kind: "dsse", spec };
  }
  const { messageDigest, signature } = content.messageSignature;
  const spec = {
    data: { hash: { algorithm: "sha256", value: messageDigest?.digest.toString("hex") } },
    signature: { content: signature.toString("base64"), publicKey: { content: verifier } },
  };
  return { apiVersion: "0.0.1", kind: "hashedrekord", spec };
}

/** A bundle taken apart into the annotations that cosign 2 writes. */
function annotationsOf({ content, verificationMaterial }: Bundle): Record<string, string> {
  const [entry] = verificationMaterial.tlogEntries;
  const material = verificationMaterial.content;
  if (content.$case !== "messageSignature" || material.$case !== "x509CertificateChain" || entry === undefined) {
    throw new Error("The bundle is of another kind");
  }
  const [certificate] = material.x509CertificateChain.certificates;
  return {
    "dev.cosignproject.cosign/signature": content.messageSignature.signature.toString("base64"),
    "dev.sigstore.cosign/certificate": certificatePem(certificate?.rawBytes ?? Buffer.alloc(0)),
    "dev.sigstore.cosign/bundle": JSON.stringify({
      SignedEntryTimestamp: entry.inclusionPromise?.signedEntryTimestamp.toString("base64"),
      Payload: {
        body: entry.canonicalizedBody.toString("base64"),
        integratedTime: Number(entry.integratedTime),
        logIndex: Number(entry.logIndex),
        logID: entry.logId.keyId.toString("hex"),
      },
    }),
  };
}
