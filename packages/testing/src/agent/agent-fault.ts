import type { Code } from "@connectrpc/connect";

/** What happens to a call instead of, or within, its answer. */
export type AgentFault =
  /** Never an answer, on a connection that lives. */
  | { readonly type: "hang" }
  /** The stream is reset before anything is answered. */
  | { readonly type: "reset" }
  /** The whole connection breaks. */
  | { readonly type: "disconnect" }
  /** A proper answer of gRPC with these bytes in place of messages; 64 random ones by default. */
  | { readonly type: "garbage"; readonly bytes?: Uint8Array }
  /** An HTTP answer that is none of gRPC. */
  | { readonly type: "http"; readonly status: number; readonly headers?: Readonly<Record<string, string>> }
  /** The agent's own refusal. */
  | { readonly type: "status"; readonly code: Code; readonly message: string }
  /** So many proper messages, then the stream ends without its trailers. */
  | { readonly type: "cut"; readonly afterMessages: number }
  /** All messages, then trailers that never come. */
  | { readonly type: "linger" }
  /** The message with this index (the last one by default) again and again, without end. */
  | { readonly type: "endless"; readonly message?: number }
  /** Messages in place of the proper ones: other process IDs, another order, huge names, responses after the end. */
  | { readonly type: "rewrite"; readonly messages: (proper: AsyncIterable<object>) => AsyncIterable<object> };

/** Which calls a fault happens to. */
export interface AgentFaultRule {
  /** Name of the method in proto/, such as "Exec" or "Check"; every method when left out. */
  readonly method?: string | undefined;
  /** Calls that fit and are spared first; 0 by default. */
  readonly after?: number | undefined;
  /** Calls that it happens to; every one by default. */
  readonly times?: number | undefined;
  readonly fault: AgentFault;
}

/** Faults that were asked for, and how often calls have fitted them. */
export class AgentFaults {
  readonly #rules: { readonly rule: AgentFaultRule; seen: number }[];

  constructor(rules: readonly AgentFaultRule[]) {
    this.#rules = rules.map((rule) => ({ rule, seen: 0 }));
  }

  add(rule: AgentFaultRule): void {
    this.#rules.push({ rule, seen: 0 });
  }

  /** The fault of the next call of a method; of the rules that fit it, the first counts. */
  next(method: string): AgentFault | undefined {
    for (const entry of this.#rules) {
      const { method: only, after = 0, times = Number.POSITIVE_INFINITY } = entry.rule;
      if (only !== undefined && only !== method) continue;
      const seen = entry.seen++;
      if (seen >= after && seen < after + times) return entry.rule.fault;
    }
    return undefined;
  }
}
