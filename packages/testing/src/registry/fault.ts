import type { IncomingMessage, ServerResponse } from "node:http";

/** What a request to the test registry is for. */
export type RequestKind = "ping" | "manifest" | "blob" | "token" | "upload" | "referrers";

/** Something that goes wrong with an answer. */
export type Fault =
  /** Promises the whole length and closes the connection after so many bytes of the body. */
  | { readonly type: "truncate"; readonly afterBytes: number }
  /** Sends so many bytes of the body, then nothing, and leaves the connection open. */
  | { readonly type: "stall"; readonly afterBytes: number }
  /** Closes the connection without an answer. */
  | { readonly type: "reset" }
  /** Flips a bit of the body; the length stays right, the digest does not. */
  | { readonly type: "corrupt" }
  /** Adds bytes to the body. */
  | { readonly type: "lengthen"; readonly bytes: number }
  /** Promises `by` bytes more than it sends, or fewer when negative, and closes the connection. */
  | { readonly type: "wrong-length"; readonly by: number }
  /** Sends the body at a pace. */
  | { readonly type: "throttle"; readonly bytesPerSecond: number }
  /** Takes so many bytes of the request's body, as a registry would, and closes the connection. */
  | { readonly type: "cut"; readonly afterBytes: number }
  /** Does what it is asked to and closes the connection instead of saying so. */
  | { readonly type: "lost-answer" }
  /** Forgets the upload that the request is about, before it is answered. */
  | { readonly type: "forget" }
  /** Answers a status, for example 429 with `Retry-After` or 503. */
  | {
      readonly type: "status";
      readonly status: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly body?: string;
    }
  /** Redirects to another address; `{path}` in it stands for the path of the request. */
  | { readonly type: "redirect"; readonly to: string; readonly status?: number }
  /** Answers status 200 with an HTML page, as a proxy's login page does. */
  | { readonly type: "html" }
  /** Answers the whole content to a `Range` request. */
  | { readonly type: "ignore-range" }
  /** Changes or removes (`null`) headers of the answer. */
  | { readonly type: "headers"; readonly headers: Readonly<Record<string, string | null>> }
  /** Anything else. */
  | { readonly type: "handler"; readonly handle: (request: IncomingMessage, response: ServerResponse) => void };

/** When a fault happens. Without bounds it happens to every request. */
export interface FaultRule {
  readonly kind?: RequestKind;
  readonly method?: "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE";
  /** Matched against the path with the query. */
  readonly path?: RegExp;
  /** Requests that it happens to before it is over; all by default. */
  readonly times?: number;
  /** Matching requests that pass before it starts; 0 by default. */
  readonly after?: number;
  readonly fault: Fault;
}

/** Decides which fault, if any, a request meets. The first rule that fits counts. */
export class FaultPlan {
  readonly #rules: { readonly rule: FaultRule; seen: number }[];

  constructor(rules: readonly FaultRule[]) {
    this.#rules = rules.map((rule) => ({ rule, seen: 0 }));
  }

  add(rule: FaultRule): void {
    this.#rules.push({ rule, seen: 0 });
  }

  next(request: { readonly kind: RequestKind; readonly method: string; readonly path: string }): Fault | undefined {
    for (const entry of this.#rules) {
      const { kind, method, path, times = Number.POSITIVE_INFINITY, after = 0, fault } = entry.rule;
      if (kind !== undefined && kind !== request.kind) continue;
      if (method !== undefined && method !== request.method) continue;
      if (path !== undefined && !path.test(request.path)) continue;
      entry.seen++;
      if (entry.seen > after && entry.seen <= after + times) return fault;
    }
    return undefined;
  }
}
