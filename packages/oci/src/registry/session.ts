import type { Reference } from "../reference/reference.ts";
import { parseChallenges } from "./challenge.ts";
import type { RegistryClient } from "./client.ts";
import { isAllowedUrl, repositoryUrl } from "./endpoint.ts";
import { protocolError } from "./faults.ts";
import type { HttpMethod } from "./http.ts";
import type { HttpAnswer } from "./http-answer.ts";
import type { RequestBody } from "./request-body.ts";
import type { RetryPolicy } from "./retry.ts";
import { denied } from "./status.ts";
import { basicAuthorization, fetchToken } from "./token.ts";

/** What a session may do. */
export interface SessionOptions {
  /** `pull` by default. */
  readonly actions?: "pull" | "pull,push" | undefined;
  /** Other repositories of the registry that it may read, to mount blobs from there; none by default. */
  readonly readFrom?: readonly string[] | undefined;
  /** The client's by default. */
  readonly retry?: RetryPolicy | undefined;
}

/** A request to the repository. */
export interface SessionRequest {
  readonly method: HttpMethod;
  /** Inside the repository, as `manifests/latest`, `blobs/sha256:…`; or an address that the registry gave, as that of an upload. */
  readonly path: string | URL;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: RequestBody | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Requests to one repository of one registry, authorised as the registry asks; the authorisation is kept between them. It holds nothing
 * of its own: connections and tokens are the client's.
 */
export class RegistrySession {
  /** For messages, as in `registry.example.com/a/b`. */
  readonly name: string;
  readonly retry: RetryPolicy;
  readonly #client: RegistryClient;
  readonly #base: URL;
  readonly #scopes: readonly string[];
  #authorization: string | undefined;
  #renewal: Promise<string> | undefined;

  constructor(
    client: RegistryClient,
    place: Pick<Reference, "registry" | "repository">,
    { actions = "pull", readFrom = [], retry = client.retry }: SessionOptions = {},
  ) {
    this.name = `${place.registry}/${place.repository}`;
    this.retry = retry;
    this.#client = client;
    this.#base = repositoryUrl(place, client.insecureRegistries);
    this.#scopes = [`repository:${place.repository}:${actions}`, ...readFrom.map((name) => `repository:${name}:pull`)];
  }

  /**
   * One attempt, and a second one when the registry asks for (new) authorisation. The answer has any status, but 401 of the registry
   * itself. @throws OciError `REGISTRY_DENIED` and what {@link sendRequest} throws
   */
  async send(request: SessionRequest): Promise<HttpAnswer> {
    const used = this.#authorization;
    const first = await this.#attempt(request);
    if (!this.#isChallenge(first)) return first;
    await this.#renew(first, used, request.signal);
    const second = await this.#attempt(request);
    if (!this.#isChallenge(second)) return second;
    await second[Symbol.asyncDispose]();
    const why = this.#client.credentials === undefined ? "credentials needed" : "credentials refused";
    throw denied(this.name, this.#base.host, why);
  }

  #attempt({ path, ...request }: SessionRequest): Promise<HttpAnswer> {
    const url = new URL(path, this.#base);
    if (!isAllowedUrl(url, this.#base, this.#client.insecureRegistries) && url.origin !== this.#base.origin) {
      throw protocolError(`${this.#base.host} sends on to ${url.host}, which is not HTTPS`);
    }
    const authorization = url.origin === this.#base.origin ? this.#authorization : undefined;
    return this.#client.send({ ...request, url, authorization });
  }

  /** Another host, that the registry redirected to, has no say in what it is sent. */
  #isChallenge({ status, url }: HttpAnswer): boolean {
    return status === 401 && url.origin === this.#base.origin;
  }

  async #renew(answer: HttpAnswer, used: string | undefined, signal: AbortSignal | undefined): Promise<void> {
    const header = answer.header("www-authenticate") ?? "";
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
    const { credentials, settings } = this.#client;
    const bearer = challenges.find(({ scheme }) => scheme === "bearer");
    if (bearer !== undefined) {
      const request = { challenge: bearer, registry: this.#base, scopes: this.#scopes, credentials, signal };
      return `Bearer ${await fetchToken(request, settings)}`;
    }
    if (challenges.some(({ scheme }) => scheme === "basic")) {
      if (credentials === undefined) throw denied(this.name, this.#base.host, "credentials needed");
      return basicAuthorization(credentials);
    }
    throw protocolError(`${this.#base.host} answered status 401 without a Bearer or Basic challenge`);
  }
}
