import type { Reference } from "../reference/reference.ts";
import { parseChallenges } from "./challenge.ts";
import { repositoryUrl } from "./endpoint.ts";
import { protocolError } from "./faults.ts";
import { type HttpAnswer, type HttpLimits, sendRequest } from "./http.ts";
import type { RetryPolicy } from "./retry.ts";
import { denied } from "./status.ts";
import { basicAuthorization, type Credentials, fetchToken } from "./token.ts";

/** How a registry is talked to. */
export interface SessionOptions {
  readonly credentials?: Credentials | undefined;
  readonly insecureRegistries: readonly string[];
  readonly retry: RetryPolicy;
}

/** A request inside the repository. */
export interface SessionRequest {
  readonly method: "GET" | "HEAD";
  /** `manifests/latest`, `blobs/sha256:…` */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
}

/** Requests to one repository of one registry, authorised as the registry asks; the authorisation is kept between them. */
export class RegistrySession {
  readonly name: string;
  readonly retry: RetryPolicy;
  readonly #base: URL;
  readonly #scope: string;
  readonly #credentials: Credentials | undefined;
  readonly #limits: HttpLimits;
  #authorization: string | undefined;
  #renewal: Promise<string> | undefined;

  constructor(reference: Pick<Reference, "registry" | "repository">, options: SessionOptions) {
    this.name = `${reference.registry}/${reference.repository}`;
    this.retry = options.retry;
    this.#base = repositoryUrl(reference, options.insecureRegistries);
    this.#scope = `repository:${reference.repository}:pull`;
    this.#credentials = options.credentials;
    this.#limits = {
      insecureRegistries: options.insecureRegistries,
      stallTimeoutMs: options.retry.stallTimeoutMs,
    };
  }

  /** One attempt, and a second one when the registry asks for (new) authorisation. The answer has any status but 401. */
  async send(request: SessionRequest): Promise<HttpAnswer> {
    const used = this.#authorization;
    const first = await this.#attempt(request);
    if (first.status !== 401) return first;
    await this.#renew(first, used, request.signal);
    const second = await this.#attempt(request);
    if (second.status !== 401) return second;
    await second[Symbol.asyncDispose]();
    const why = this.#credentials === undefined ? "credentials needed" : "credentials refused";
    throw denied(this.name, this.#base.host, why);
  }

  #attempt({ method, path, headers = {}, signal }: SessionRequest): Promise<HttpAnswer> {
    const url = new URL(path, this.#base);
    return sendRequest({ method, url, headers, authorization: this.#authorization, signal }, this.#limits);
  }

  async #renew(answer: HttpAnswer, used: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const header = answer.headers.get("www-authenticate") ?? "";
    await answer[Symbol.asyncDispose]();
    // Another request of this session has renewed it while this one was under way.
    if (this.#authorization !== used) return;
    this.#renewal ??= this.#authorize(header, signal).finally(() => {
      this.#renewal = undefined;
    });
    this.#authorization = await this.#renewal;
  }

  async #authorize(header: string, signal: AbortSignal | undefined): Promise<string> {
    const challenges = parseChallenges(header);
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) {
      const credentials = this.#credentials;
      const request = { challenge: bearer, registry: this.#base, scope: this.#scope, credentials, signal };
      return `Bearer ${await fetchToken(request, this.#limits)}`;
    }
    if (challenges.some(({ scheme }) => scheme === "basic")) {
      if (this.#credentials === undefined) throw denied(this.name, this.#base.host, "credentials needed");
      return basicAuthorization(this.#credentials);
    }
    throw protocolError(`${this.#base.host} answered status 401 without a Bearer or Basic challenge`);
  }
}
