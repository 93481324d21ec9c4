import { readCapped } from "../content/read-capped.ts";
import type { Credentials } from "../credentials/credentials.ts";
import type { Challenge } from "./challenge.ts";
import { isAllowedUrl } from "./endpoint.ts";
import { protocolError, shownAddress } from "./faults.ts";
import { type HttpRequest, type HttpSettings, sendRequest } from "./http.ts";
import { statusFault } from "./status.ts";
import { parseToken, type Token } from "./token-answer.ts";

const MAX_TOKEN_BYTES = 64 * 1024;
const CLIENT_ID = "a3s-box";

/** What a token service can be shown. */
export type TokenCredentials = Exclude<Credentials, { readonly registryToken: string }>;

/** What a token is asked for. */
export interface TokenRequest {
  readonly challenge: Challenge;
  /** Where the challenge came from. */
  readonly registry: URL;
  /** As `repository:library/redis:pull`. */
  readonly scopes: readonly string[];
  readonly credentials?: TokenCredentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The `Authorization` value of RFC 7617. */
export function basicAuthorization(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/** Gets a Bearer token, anonymously or with credentials. One attempt. */
export async function fetchToken(request: TokenRequest, settings: HttpSettings): Promise<Token> {
  const realm = realmOf(request, settings.insecureRegistries);
  const asked = performance.now();
  await using answer = await sendRequest(tokenRequest(request, realm), settings);
  if (answer.status !== 200) {
    const what = `a token for ${request.scopes.join(" ")}`;
    throw await statusFault(answer, { what, notFound: "IMAGE_NOT_FOUND" });
  }
  const bytes = await readCapped(answer.body(), MAX_TOKEN_BYTES);
  const token = bytes === undefined ? undefined : parseToken(bytes, { asked, now: Date.now() });
  if (token === undefined) throw protocolError(`${answer.url.host} answered no token when asked for one`);
  return token;
}

/** Where a Bearer challenge says that tokens are. */
function realmOf({ challenge, registry }: TokenRequest, insecureRegistries: readonly string[]): URL {
  const realm = challenge.parameters.get("realm") ?? "";
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url !== undefined && isAllowedUrl(url, registry, insecureRegistries)) return url;
  throw protocolError(`The registry names ${shownAddress(realm)} for tokens, which is no HTTPS address`);
}

/**
 * Distribution's token specification; with an identity token, its OAuth2 variant. The scopes are the ones we need, not the one that the
 * registry names.
 */
function tokenRequest({ challenge, scopes, credentials, signal }: TokenRequest, realm: URL): HttpRequest {
  const service = challenge.parameters.get("service");
  if (credentials !== undefined && "identityToken" in credentials) {
    const form = new URLSearchParams({
      grant_type: "refresh_token",
      client_id: CLIENT_ID,
      refresh_token: credentials.identityToken,
      scope: scopes.join(" "),
      ...(service === undefined ? {} : { service }),
    });
    const headers = { "content-type": "application/x-www-form-urlencoded" };
    return { method: "POST", url: realm, headers, body: Buffer.from(form.toString()), sameOrigin: true, signal };
  }
  const url = new URL(realm);
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.delete("scope");
  for (const scope of scopes) url.searchParams.append("scope", scope);
  const authorization =
    credentials === undefined ? undefined : basicAuthorization(credentials.username, credentials.password);
  return { method: "GET", url, authorization, signal };
}
