import { OciError } from "../errors/oci-error.ts";
import { TransientFault } from "./retry.ts";

/** Causes that a second try meets again: names that do not exist, and certificates that do not fit. */
const LASTING = /^(?:ENOTFOUND|CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|ERR_INVALID_)/;

/** Turns what a request or a body threw into an error of this package. */
export function connectionFault(
  url: URL,
  error: unknown,
  stalledAfterMs: number | undefined,
): TransientFault | OciError {
  const code = causeCode(error);
  const why = stalledAfterMs === undefined ? (code ?? "connection lost") : `no byte for ${stalledAfterMs} ms`;
  const final = new OciError({
    code: "REGISTRY_UNREACHABLE",
    message: `Talking to ${url.host} failed: ${why}`,
    hint: hintFor(code),
    cause: error,
    details: { host: url.host, ...(code === undefined ? {} : { cause: code }) },
  });
  return code !== undefined && LASTING.test(code) ? final : new TransientFault(final);
}

export function protocolError(message: string, details: Readonly<Record<string, unknown>> = {}): OciError {
  return new OciError({
    code: "REGISTRY_PROTOCOL",
    message,
    hint: "Check that the host is a registry, and that no proxy or login page answers in its place.",
    details,
  });
}

function causeCode(error: unknown): string | undefined {
  for (let current = error; current instanceof Error; current = current.cause) {
    const { code } = current as NodeJS.ErrnoException;
    if (typeof code === "string" && code !== "ABORT_ERR") return code;
  }
  return undefined;
}

function hintFor(code: string | undefined): string {
  if (code === "ENOTFOUND") return "Check the spelling of the registry's name and the machine's DNS.";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return "The host speaks plain HTTP; name it in insecureRegistries if that is meant.";
  }
  if (code !== undefined && LASTING.test(code)) return "The registry's certificate is not trusted by this machine.";
  return "Check the network between this machine and the registry, and try again.";
}
