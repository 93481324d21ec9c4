import type { Readable } from "node:stream";
import { raceSignal } from "@a3s/core";
import type { Route } from "./dispatchers.ts";
import { isAllowedUrl } from "./endpoint.ts";
import { connectionFault, protocolError, proxyFault, shownAddress } from "./faults.ts";
import { HttpAnswer } from "./http-answer.ts";
import { OutgoingBody, type RequestBody } from "./request-body.ts";
import { StallGuard } from "./stall-guard.ts";

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);
/** Redirects that keep the method and the body (RFC 9110, sections 15.4.8 and 15.4.9). */
const KEEPING: ReadonlySet<number> = new Set([307, 308]);

/** Methods of the distribution specification. */
export type HttpMethod = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";

/** One request. Redirects are followed, those of GET and HEAD all and those of others that keep the method; nothing else is repeated. */
export interface HttpRequest {
  readonly method: HttpMethod;
  readonly url: URL;
  /** In lower case; with `content-length` when `body` is a function whose length is known. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  /** Sent to the origin of `url` only. */
  readonly authorization?: string | undefined;
  /** Whether redirects to another origin are refused, because what is sent is a secret. */
  readonly sameOrigin?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Where requests go through, and what bounds them. */
export interface HttpSettings {
  readonly insecureRegistries: readonly string[];
  readonly stallTimeoutMs: number;
  /** How an address is reached. */
  route(url: URL): Promise<Route>;
}

/** @throws {@link TransientFault}, {@link OciError} `REGISTRY_UNREACHABLE`, `REGISTRY_PROTOCOL`, or the signal's reason. */
export async function sendRequest(request: HttpRequest, settings: HttpSettings): Promise<HttpAnswer> {
  const guard = new StallGuard(settings.stallTimeoutMs, request.signal);
  try {
    return await follow(request, settings, guard);
  } catch (error) {
    guard[Symbol.dispose]();
    throw error;
  }
}

async function follow(request: HttpRequest, settings: HttpSettings, guard: StallGuard): Promise<HttpAnswer> {
  let { url, authorization } = request;
  for (let hops = 0; ; hops++) {
    const answer = await sendOnce({ ...request, url, authorization }, settings, guard);
    const next = redirection(answer, request, settings.insecureRegistries);
    if (next === undefined) return answer;
    await answer.discard();
    if (hops === MAX_REDIRECTS) throw protocolError(`${request.url.host} redirects more than ${MAX_REDIRECTS} times`);
    // Once the origin has changed the credentials stay behind, also when a later hop leads back.
    if (next.origin !== url.origin) authorization = undefined;
    url = next;
  }
}

/** Where an answer sends the request on to, if it does. */
function redirection(
  { status, url, header }: HttpAnswer,
  request: HttpRequest,
  insecureRegistries: readonly string[],
): URL | undefined {
  const followed = request.method === "GET" || request.method === "HEAD" ? REDIRECTS : KEEPING;
  const location = followed.has(status) ? header("location") : undefined;
  if (location === undefined) return undefined;
  const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (next !== undefined && request.sameOrigin === true && next.origin !== url.origin) {
    throw protocolError(`${url.host} redirects a secret to ${next.host}`);
  }
  if (next !== undefined && isAllowedUrl(next, request.url, insecureRegistries)) return next;
  throw protocolError(`${url.host} redirects to ${shownAddress(location, url)}, which is not HTTPS`);
}

async function sendOnce(request: HttpRequest, settings: HttpSettings, guard: StallGuard): Promise<HttpAnswer> {
  const { method, url, body, signal } = request;
  const outgoing = body === undefined ? undefined : new OutgoingBody(body, guard);
  const { send, origin, path, headers, proxy } = await settings.route(url);
  const faultOf = (error: unknown) =>
    connectionFault(error, { url, proxy, stalledAfterMs: guard.stalled ? settings.stallTimeoutMs : undefined });
  try {
    const sending = send({
      origin,
      path,
      method,
      signal: guard.signal,
      // Iterables are taken as well (undici, docs/api/Dispatcher.md); the types do not say so.
      body: (outgoing as unknown as Readable | undefined) ?? null,
      headers: { ...headersOf(request), ...headers },
    });
    // Undici notices an abort when it has connected, and not before.
    const response = await guard.wait(raceSignal(sending, guard.signal));
    if (response.statusCode === 407 && proxy !== undefined) throw proxyFault(url, proxy, response.statusCode);
    return new HttpAnswer(response, { url, guard, signal, faultOf });
  } catch (error) {
    signal?.throwIfAborted();
    if (outgoing?.fault !== undefined) throw outgoing.fault.error;
    throw faultOf(error);
  }
}

function headersOf({ headers, authorization, body }: HttpRequest): Record<string, string> {
  return {
    // Digests are of the bytes as stored: no compression on the way.
    "accept-encoding": "identity",
    "user-agent": "a3s-box",
    ...(body instanceof Uint8Array ? { "content-length": String(body.length) } : {}),
    ...headers,
    ...(authorization === undefined ? {} : { authorization }),
  };
}
