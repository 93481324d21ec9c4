import { OciError } from "../errors/oci-error.ts";
import { TransientFault } from "./retry.ts";

/** Certificates that do not fit. */
const UNTRUSTED = /^(?:CERT_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|UNABLE_TO_|UND_ERR_PRX_TLS)/;
/** Other causes that a second try meets again: names that do not exist, requests that cannot be sent, and a client that has ended. */
const LASTING = /^(?:ENOTFOUND|ERR_INVALID_|UND_ERR_(?:DESTROYED|CLOSED|INVALID_ARG)$)/;
/** What undici says when a proxy does not let a connection through. */
const TUNNEL_REFUSED = /^Proxy response \((\d{3})\)/;

/** Causes that say no more than that the other side closed the connection. */
const CLOSED: ReadonlySet<string> = new Set(["UND_ERR_SOCKET", "ECONNRESET", "EPIPE"]);

/** What was going on when a connection failed. */
export interface ConnectionState {
  readonly url: URL;
  /** The `host:port` of the proxy on the way, if there is one. */
  readonly proxy: string | undefined;
  /** Milliseconds of silence, if that ended it. */
  readonly stalledAfterMs: number | undefined;
}

/** Turns what a request or a body threw into an error of this package. */
export function connectionFault(error: unknown, { url, proxy, stalledAfterMs }: ConnectionState) {
  if (error instanceof OciError || error instanceof TransientFault) return error;
  const refused = error instanceof Error ? TUNNEL_REFUSED.exec(error.message)?.[1] : undefined;
  if (proxy !== undefined && refused !== undefined) return proxyFault(url, proxy, Number(refused));
  const code = causeCode(error);
  const why =
    stalledAfterMs === undefined
      ? (code ?? "connection lost")
      : `nothing, or hardly anything, came for ${stalledAfterMs} ms`;
  const final = new OciError({
    code: "REGISTRY_UNREACHABLE",
    message: `Talking to ${url.host}${proxy === undefined ? "" : ` through the proxy ${proxy}`} failed: ${why}`,
    hint: hintFor(url, proxy, code),
    cause: error,
    details: {
      host: url.host,
      ...(proxy === undefined ? {} : { proxy }),
      ...(code === undefined ? {} : { cause: code }),
    },
  });
  return code !== undefined && (UNTRUSTED.test(code) || LASTING.test(code)) ? final : new TransientFault(final);
}

/** For a proxy that answers in the place of who was to be reached. */
export function proxyFault(url: URL, proxy: string, status: number): TransientFault | OciError {
  const final = new OciError({
    code: "REGISTRY_UNREACHABLE",
    message: `The proxy ${proxy} answered status ${status} when asked for ${url.host}`,
    hint:
      status === 407
        ? "The proxy asks for credentials: write them into its address, as in http://user:password@host:port."
        : "Check the proxy, or name the host in NO_PROXY.",
    details: { host: url.host, proxy, status },
  });
  return status >= 500 ? new TransientFault(final) : final;
}

/** An address that a registry named, as messages show it: without user, password and query, which may be a signature that opens it. */
export function shownAddress(text: string, base?: URL): string {
  if (!URL.canParse(text, base?.href)) return "something that is no address";
  const { protocol, host, pathname } = new URL(text, base?.href);
  return JSON.stringify(`${protocol}//${host}${pathname}`.slice(0, 200));
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

function hintFor(url: URL, proxy: string | undefined, code: string | undefined): string {
  if (code === "ENOTFOUND") return "Check the spelling of the registry's name and the machine's DNS.";
  if (code === "ERR_SSL_WRONG_VERSION_NUMBER" || code === "ERR_SSL_PACKET_LENGTH_TOO_LONG") {
    return "The host speaks plain HTTP; name it in insecureRegistries if that is meant.";
  }
  if (code !== undefined && UNTRUSTED.test(code)) {
    return "The host's certificate is not trusted by this machine; name its authority in tls if it is the right one.";
  }
  if (proxy !== undefined) return "Check the proxy, and the network between this machine and it.";
  // In TLS 1.3 a server refuses a client's certificate when its side of the handshake is over, by closing the connection.
  if (url.protocol === "https:" && code !== undefined && CLOSED.has(code)) {
    return "Check the network between this machine and the host, and whether the host wants a client certificate (tls).";
  }
  return "Check the network between this machine and the registry, and try again.";
}
