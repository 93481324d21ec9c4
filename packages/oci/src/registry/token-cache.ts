import type { HttpSettings } from "./http.ts";
import { SharedWork } from "./shared-work.ts";
import { fetchToken, type TokenRequest } from "./token.ts";
import type { Token } from "./token-answer.ts";

/** Bearer tokens of a client, each used until shortly before it ends. */
export class TokenCache {
  readonly #settings: HttpSettings;
  readonly #tokens = new Map<string, Token>();
  readonly #fetching = new SharedWork<Token>();

  constructor(settings: HttpSettings) {
    this.#settings = settings;
  }

  /**
   * A token that should be good; another one than `refused`.
   *
   * @throws OciError, TransientFault, or the signal's reason.
   */
  async get(request: Omit<TokenRequest, "signal">, refused?: string, signal?: AbortSignal): Promise<string> {
    const key = keyOf(request);
    const kept = this.#tokens.get(key);
    if (kept !== undefined && kept.value !== refused && performance.now() < kept.renewAt) return kept.value;
    const fetch = (shared: AbortSignal) => fetchToken({ ...request, signal: shared }, this.#settings);
    const token = await this.#fetching.run(key, fetch, signal);
    this.#tokens.set(key, token);
    return token.value;
  }
}

/** A token is for the registry that asked for it: another one may name the same token service, and be somebody who wants the token. */
function keyOf({ challenge, registry, scopes, credentials }: Omit<TokenRequest, "signal">): string {
  const { parameters } = challenge;
  const user = credentials === undefined ? [] : "username" in credentials ? credentials.username : [credentials];
  return JSON.stringify([registry.origin, parameters.get("realm"), parameters.get("service"), scopes, user]);
}
