import { isAllowedUrl } from "./endpoint.ts";
import { connectionFault, protocolError } from "./faults.ts";
import { StallGuard } from "./stall-guard.ts";

const MAX_REDIRECTS = 5;
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308]);

/** One request; redirects are followed, nothing is repeated. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD";
  readonly url: URL;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent to the origin of `url` only. */
  readonly authorization?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What bounds a request. */
export interface HttpLimits {
  readonly insecureRegistries: readonly string[];
  readonly stallTimeoutMs: number;
}

/** An answer, of any status. Dispose it: that ends the connection if the body was not read. */
export interface HttpAnswer extends AsyncDisposable {
  readonly status: number;
  readonly headers: Headers;
  /** Where it came from, after redirects. */
  readonly url: URL;
  /** The body, once. @throws TransientFault when the connection breaks or stalls. */
  body(): AsyncIterable<Uint8Array>;
}

/** @throws {@link TransientFault}, {@link OciError} `REGISTRY_UNREACHABLE`, `REGISTRY_PROTOCOL`, or the signal's reason. */
export async function sendRequest(request: HttpRequest, limits: HttpLimits): Promise<HttpAnswer> {
  const guard = new StallGuard(limits.stallTimeoutMs, request.signal);
  try {
    const { response, url } = await follow(request, limits, guard);
    return answer(response, url, guard, request.signal, limits);
  } catch (error) {
    guard[Symbol.dispose]();
    throw error;
  }
}

async function follow(request: HttpRequest, limits: HttpLimits, guard: StallGuard) {
  let { url, authorization } = request;
  for (let hops = 0; ; hops++) {
    const response = await fetchOnce(request, url, authorization, limits, guard);
    const location = REDIRECTS.has(response.status) ? response.headers.get("location") : null;
    if (location === null) return { response, url };
    await response.body?.cancel();
    const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
    if (next === undefined || !isAllowedUrl(next, request.url, limits.insecureRegistries)) {
      throw protocolError(`${url.host} redirects to ${JSON.stringify(location.slice(0, 200))}, which is not HTTPS`);
    }
    if (hops === MAX_REDIRECTS) throw protocolError(`${request.url.host} redirects more than ${MAX_REDIRECTS} times`);
    // Once the origin has changed the credentials stay behind, also when a later hop leads back.
    if (next.origin !== url.origin) authorization = undefined;
    url = next;
  }
}

async function fetchOnce(
  { method, headers, signal }: HttpRequest,
  url: URL,
  authorization: string | undefined,
  limits: HttpLimits,
  guard: StallGuard,
): Promise<Response> {
  try {
    const init: RequestInit = {
      method,
      redirect: "manual",
      signal: guard.signal,
      headers: {
        // Digests are of the bytes as stored: no compression on the way.
        "accept-encoding": "identity",
        "user-agent": "a3s-box",
        ...headers,
        ...(authorization === undefined ? {} : { authorization }),
      },
    };
    return await guard.wait(fetch(url, init));
  } catch (error) {
    signal?.throwIfAborted();
    throw connectionFault(url, error, guard.stalled ? limits.stallTimeoutMs : undefined);
  }
}

function answer(
  response: Response,
  url: URL,
  guard: StallGuard,
  signal: AbortSignal | undefined,
  limits: HttpLimits,
): HttpAnswer {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined;
  return {
    status: response.status,
    headers: response.headers,
    url,
    async *body() {
      reader = response.body?.getReader();
      for (;;) {
        let read: { readonly done: boolean; readonly value?: Uint8Array | undefined } | undefined;
        try {
          read = await (reader === undefined ? undefined : guard.wait(reader.read()));
        } catch (error) {
          signal?.throwIfAborted();
          throw connectionFault(url, error, guard.stalled ? limits.stallTimeoutMs : undefined);
        }
        if (read?.value === undefined) return;
        yield read.value;
      }
    },
    async [Symbol.asyncDispose]() {
      guard[Symbol.dispose]();
      // A stream that already failed has nothing left to cancel.
      await (reader === undefined ? response.body?.cancel() : reader.cancel())?.catch(() => {});
    },
  };
}
