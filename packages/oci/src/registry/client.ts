import { Dispatchers } from "./dispatchers.ts";
import { type HttpRequest, type HttpSettings, sendRequest } from "./http.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from "./retry.ts";
import type { Credentials } from "./token.ts";

/** How registries are talked to. */
export interface RegistryOptions {
  /** For the registry of the reference; anonymous by default. */
  readonly credentials?: Credentials | undefined;
  /** Hosts (`host` or `host:port`) that plain HTTP may be spoken to, beside the loopback; none by default. */
  readonly insecureRegistries?: readonly string[] | undefined;
  /** Put over {@link DEFAULT_RETRY_POLICY}. */
  readonly retry?: Partial<RetryPolicy> | undefined;
}

/**
 * What the sessions with registries have in common: connections, limits, credentials. Disposing it closes the connections; what is
 * under way fails.
 */
export class RegistryClient implements AsyncDisposable {
  readonly retry: RetryPolicy;
  readonly insecureRegistries: readonly string[];
  readonly credentials: Credentials | undefined;
  readonly #settings: HttpSettings;
  readonly #dispatchers: Dispatchers;

  constructor(options: RegistryOptions = {}) {
    this.retry = { ...DEFAULT_RETRY_POLICY, ...options.retry };
    this.insecureRegistries = options.insecureRegistries ?? [];
    this.credentials = options.credentials;
    const dispatchers = new Dispatchers(this.retry.stallTimeoutMs);
    this.#dispatchers = dispatchers;
    this.#settings = {
      insecureRegistries: this.insecureRegistries,
      stallTimeoutMs: this.retry.stallTimeoutMs,
      dispatcher: () => dispatchers.direct(),
    };
  }

  get settings(): HttpSettings {
    return this.#settings;
  }

  send(request: HttpRequest): Promise<HttpAnswer> {
    return sendRequest(request, this.#settings);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#dispatchers[Symbol.asyncDispose]();
  }
}
