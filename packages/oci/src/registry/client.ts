import type { Credentials, Environment } from "../credentials/credentials.ts";
import { type CredentialsAsked, CredentialsFinder, type CredentialsOption } from "../credentials/find-credentials.ts";
import { Dispatchers } from "./dispatchers.ts";
import { repositoryUrl } from "./endpoint.ts";
import { type HttpRequest, type HttpSettings, sendRequest } from "./http.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { type MirrorOptions, Mirrors, type RepositoryPlace } from "./mirrors.ts";
import { type ProxyOptions, ProxySettings } from "./proxy-settings.ts";
import { DEFAULT_RETRY_POLICY, type RetryPolicy } from "./retry.ts";
import { type TlsOptions, TlsSettings } from "./tls-settings.ts";
import { TokenCache } from "./token-cache.ts";

/** How registries are talked to. */
export interface RegistryOptions {
  /**
   * For the registry of the reference, or a function for any registry, or `"anonymous"`. By default those that Docker and Podman keep;
   * they are looked for only when a registry asks for authorisation.
   */
  readonly credentials?: CredentialsOption | undefined;
  /** Hosts (`host` or `host:port`) that plain HTTP may be spoken to, beside the loopback; none by default. */
  readonly insecureRegistries?: readonly string[] | undefined;
  /** What is asked before a registry, by its name; pulls only. One that fails is passed over. None by default. */
  readonly mirrors?: MirrorOptions | undefined;
  /**
   * By `host:port`, or `host` for all its ports, or `*` for every host; Node's certificate authorities by default. To a host that is
   * named here TLS is spoken, also on the loopback.
   */
  readonly tls?: Readonly<Record<string, TlsOptions>> | undefined;
  /** Those of `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` in the environment by default; `false` for none. */
  readonly proxy?: ProxyOptions | false | undefined;
  /**
   * Whether a non-distributable layer that the registry lacks is fetched from the HTTPS address in the manifest, as Windows base layers
   * are; `false` by default, because a hostile image could make this machine ask any address.
   */
  readonly followLayerUrls?: boolean | undefined;
  /** Put over {@link DEFAULT_RETRY_POLICY}. */
  readonly retry?: Partial<RetryPolicy> | undefined;
  /** Where proxies and stored credentials are looked for; `process.env` by default. */
  readonly environment?: Environment | undefined;
}

/** A timer for longer fires at once, so that Infinity would be no time at all. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/**
 * What the sessions with registries have in common: connections, tokens, credentials, limits. Disposing it closes the connections; what
 * is under way fails.
 */
export class RegistryClient implements AsyncDisposable {
  readonly retry: RetryPolicy;
  readonly insecureRegistries: readonly string[];
  readonly followsLayerUrls: boolean;
  readonly mirrors: Mirrors;
  readonly tokens: TokenCache;
  readonly #credentials: CredentialsFinder;
  readonly #tls: TlsSettings;
  readonly #dispatchers: Dispatchers;
  readonly #settings: HttpSettings;

  /** @throws OciError `REGISTRY_OPTIONS_INVALID` */
  constructor(options: RegistryOptions = {}) {
    const { environment = process.env, insecureRegistries = [] } = options;
    const retry = { ...DEFAULT_RETRY_POLICY, ...options.retry };
    this.retry = { ...retry, stallTimeoutMs: Math.min(retry.stallTimeoutMs, MAX_TIMER_MS) };
    this.insecureRegistries = insecureRegistries;
    this.followsLayerUrls = options.followLayerUrls ?? false;
    this.mirrors = new Mirrors(options.mirrors);
    this.#credentials = new CredentialsFinder(options.credentials, environment);
    this.#tls = new TlsSettings(options.tls, insecureRegistries);
    this.#dispatchers = new Dispatchers({
      tls: this.#tls,
      proxies: new ProxySettings(options.proxy, environment),
      connectTimeoutMs: this.retry.stallTimeoutMs,
    });
    const { stallTimeoutMs } = this.retry;
    this.#settings = { insecureRegistries, stallTimeoutMs, route: (url) => this.#dispatchers.route(url) };
    this.tokens = new TokenCache(this.#settings);
  }

  /** What the paths of a repository are relative to. */
  repositoryUrl(place: RepositoryPlace): URL {
    return repositoryUrl(place, this.insecureRegistries, (url) => this.#tls.names(url));
  }

  /** One request; see {@link sendRequest}. */
  send(request: HttpRequest): Promise<HttpAnswer> {
    return sendRequest(request, this.#settings);
  }

  /** @throws OciError `CREDENTIALS_UNAVAILABLE`, or the signal's reason. */
  credentialsFor(asked: CredentialsAsked, signal: AbortSignal | undefined): Promise<Credentials | undefined> {
    return this.#credentials.find(asked, signal);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#dispatchers[Symbol.asyncDispose]();
  }
}
