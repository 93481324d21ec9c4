import type { Credentials } from "../credentials/credentials.ts";
import { type Challenge, parseChallenges } from "./challenge.ts";
import type { RegistryClient } from "./client.ts";
import { isAllowedUrl } from "./endpoint.ts";
import { protocolError } from "./faults.ts";
import type { HttpMethod } from "./http.ts";
import type { HttpAnswer } from "./http-answer.ts";
import type { RepositoryPlace } from "./mirrors.ts";
import type { RequestBody } from "./request-body.ts";
import type { RetryPolicy } from "./retry.ts";
import { denied } from "./status.ts";
import { basicAuthorization } from "./token.ts";
import { isBearerToken } from "./token-answer.ts";

/** What a session may do, and how. */
export interface SessionOptions {
  /** `pull` by default. */
  readonly actions?: "pull" | "pull,push" | undefined;
  /** Other repositories of the registry that it may read, to mount blobs from there; none by default. */
  readonly readFrom?: readonly string[] | undefined;
  /** Whether the registry stands in for another one, which credentials given as a value are for. */
  readonly isMirror?: boolean | undefined;
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
 * Requests to one repository of one registry, authorised as the registry asks. It holds nothing of its own: connections and tokens are
 * the client's, and end with it.
 */
export class RegistrySession {
  /** For messages, as in `registry.example.com/a/b`. */
  readonly name: string;
  /** What paths are relative to: `https://host/v2/<repository>/`. */
  readonly base: URL;
  readonly retry: RetryPolicy;
  readonly #client: RegistryClient;
  readonly #place: RepositoryPlace;
  readonly #isMirror: boolean;
  readonly #scopes: readonly string[];
  #challenge: Challenge | undefined;

  constructor(client: RegistryClient, place: RepositoryPlace, options: SessionOptions = {}) {
    const { actions = "pull", readFrom = [], isMirror = false, retry = client.retry } = options;
    this.name = `${place.registry}/${place.repository}`;
    this.base = client.repositoryUrl(place);
    this.retry = retry;
    this.#client = client;
    this.#place = place;
    this.#isMirror = isMirror;
    this.#scopes = [`repository:${place.repository}:${actions}`, ...readFrom.map((name) => `repository:${name}:pull`)];
  }

  /**
   * One attempt, and a second one when the registry asks for (new) authorisation. The answer has any status, but 401 of the registry
   * itself.
   *
   * @throws TransientFault, OciError `REGISTRY_DENIED`, `CREDENTIALS_UNAVAILABLE` and others, or the signal's reason.
   */
  async send(request: SessionRequest): Promise<HttpAnswer> {
    const used = await this.#authorization(undefined, request.signal);
    const first = await this.#attempt(request, used);
    if (!this.#isChallenge(first)) return first;
    this.#challenge = await this.#challengeOf(first);
    const second = await this.#attempt(request, await this.#authorization(used, request.signal));
    if (!this.#isChallenge(second)) return second;
    await second[Symbol.asyncDispose]();
    throw this.#denied(await this.#credentials(request.signal));
  }

  #attempt({ path, ...request }: SessionRequest, authorization: string | undefined): Promise<HttpAnswer> {
    const url = new URL(path, this.base);
    if (url.origin === this.base.origin) return this.#client.send({ ...request, url, authorization });
    if (isAllowedUrl(url, this.base, this.#client.insecureRegistries)) return this.#client.send({ ...request, url });
    throw protocolError(`${this.base.host} sends on to ${url.host}, which is not HTTPS`);
  }

  /** Another host, that the registry sends on to, has no say in what it is shown. */
  #isChallenge({ status, url }: HttpAnswer): boolean {
    return status === 401 && url.origin === this.base.origin;
  }

  async #challengeOf(answer: HttpAnswer): Promise<Challenge> {
    const challenges = parseChallenges(answer.header("www-authenticate") ?? "");
    await answer[Symbol.asyncDispose]();
    const find = (wanted: string) => challenges.find(({ scheme }) => scheme === wanted);
    const challenge = find("bearer") ?? find("basic");
    if (challenge !== undefined) return challenge;
    throw protocolError(`${this.base.host} answered status 401 without a Bearer or Basic challenge`);
  }

  /** What the registry has asked for, if it has; another one than `refused`. */
  async #authorization(refused: string | undefined, signal: AbortSignal | undefined): Promise<string | undefined> {
    const challenge = this.#challenge;
    if (challenge === undefined) return undefined;
    const credentials = await this.#credentials(signal);
    const lasting = this.#lastingAuthorization(challenge, credentials);
    if (lasting !== undefined && lasting !== refused) return lasting;
    if (lasting !== undefined || challenge.scheme !== "bearer") throw this.#denied(credentials);
    if (credentials !== undefined && "registryToken" in credentials) throw this.#denied(credentials);
    const request = { challenge, registry: this.base, scopes: this.#scopes, credentials };
    return `Bearer ${await this.#client.tokens.get(request, refused?.replace(/^Bearer /, ""), signal)}`;
  }

  /** Authorisation that stays the same. */
  #lastingAuthorization({ scheme }: Challenge, credentials: Credentials | undefined): string | undefined {
    if (credentials === undefined) return undefined;
    if ("registryToken" in credentials) {
      const { registryToken } = credentials;
      return scheme === "bearer" && isBearerToken(registryToken) ? `Bearer ${registryToken}` : undefined;
    }
    if (scheme !== "basic" || !("username" in credentials)) return undefined;
    return basicAuthorization(credentials.username, credentials.password);
  }

  #credentials(signal: AbortSignal | undefined): Promise<Credentials | undefined> {
    return this.#client.credentialsFor({ ...this.#place, isMirror: this.#isMirror }, signal);
  }

  #denied(credentials: Credentials | undefined) {
    const why = credentials === undefined ? "credentials needed" : "credentials refused";
    return denied(this.name, this.base.host, why);
  }
}
