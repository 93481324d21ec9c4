import { X509Certificate } from "node:crypto";
import { createSecureContext, getCACertificates, type SecureContext } from "node:tls";
import { domainFault } from "../reference/grammar.ts";
import { optionsInvalid } from "./options-invalid.ts";

/** How TLS is spoken to a host. All are texts in PEM. */
export interface TlsOptions {
  /** Certificates of authorities to trust beside those that Node trusts anyway. */
  readonly ca?: string | readonly string[] | undefined;
  /** The client's certificate, with those between it and its authority; `key` belongs to it. */
  readonly cert?: string | undefined;
  readonly key?: string | undefined;
  /** Of `key`, when it is encrypted. */
  readonly passphrase?: string | undefined;
}

const ALL = "*";
const CERTIFICATE = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** TLS by host: `host:port`, or `host` for all of its ports, or `*` for any host. */
export class TlsSettings {
  readonly #contexts = new Map<string, SecureContext>();

  /** @throws OciError `REGISTRY_OPTIONS_INVALID` */
  constructor(options: Readonly<Record<string, TlsOptions>> = {}, insecureRegistries: readonly string[] = []) {
    const all = options[ALL];
    if (all?.cert !== undefined || all?.key !== undefined) {
      throw optionsInvalid(`tls["*"]`, "has a client certificate", "Name the host that the certificate is meant for.");
    }
    const trusted = authoritiesOf(ALL, all);
    for (const [host, entry] of Object.entries(options)) {
      if (insecureRegistries.includes(host)) {
        throw optionsInvalid(
          optionOf(host),
          "is for an insecure registry",
          "Name it in one of tls and insecureRegistries.",
        );
      }
      const own = host === ALL ? trusted : [...trusted, ...authoritiesOf(host, entry)];
      this.#contexts.set(keyOf(host), contextOf(host, entry, own));
    }
  }

  /** The setting that counts for an address, by the name it has here; empty when there is none. */
  entryFor({ protocol, host, hostname }: URL): string {
    if (protocol !== "https:") return "";
    return [host, hostname, ALL].find((key) => this.#contexts.has(key)) ?? "";
  }

  /** Whether there is a setting for just this host. */
  names(url: URL): boolean {
    return !["", ALL].includes(this.entryFor(url));
  }

  /** What an entry says, for a connection. */
  context(entry: string): SecureContext | undefined {
    return this.#contexts.get(entry);
  }
}

function keyOf(host: string): string {
  if (host === ALL) return ALL;
  const fault = domainFault(host);
  if (fault !== undefined) {
    throw optionsInvalid(optionOf(host), fault, "Write host, host:port or * for every host.");
  }
  return new URL(`https://${host}`).host;
}

function authoritiesOf(host: string, { ca = [] }: TlsOptions = {}): readonly string[] {
  return [ca].flat().flatMap((bundle) => {
    const certificates = bundle.match(CERTIFICATE) ?? [];
    if (certificates.length > 0 && certificates.every(isCertificate)) return certificates;
    throw optionsInvalid(`${optionOf(host)}.ca`, "is no certificate in PEM", "Give the certificates as text.");
  });
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem) !== undefined;
  } catch {
    return false;
  }
}

function contextOf(host: string, entry: TlsOptions, authorities: readonly string[]): SecureContext {
  const { cert, key, passphrase } = entry;
  if ((cert === undefined) !== (key === undefined)) {
    throw optionsInvalid(optionOf(host), "has half a client certificate", "Give both cert and key, or none of them.");
  }
  try {
    return createSecureContext({
      ...(authorities.length === 0 ? {} : { ca: [...getCACertificates("default"), ...authorities] }),
      ...(cert === undefined ? {} : { cert }),
      ...(key === undefined ? {} : { key }),
      ...(passphrase === undefined ? {} : { passphrase }),
    });
  } catch (error) {
    const { code = "unreadable" } = error as NodeJS.ErrnoException;
    const hint = "Give certificate and key in PEM, and the passphrase of a key that is encrypted.";
    throw optionsInvalid(optionOf(host), `has a client certificate that cannot be used: ${code}`, hint);
  }
}

function optionOf(host: string): string {
  return `tls[${JSON.stringify(host)}]`;
}
