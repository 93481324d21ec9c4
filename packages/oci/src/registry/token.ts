import type { Challenge } from "./challenge.ts";
import { isAllowedUrl } from "./endpoint.ts";
import { protocolError } from "./faults.ts";
import { type HttpSettings, sendRequest } from "./http.ts";
import { readCapped } from "./read-capped.ts";
import { statusFault } from "./status.ts";

/** A user name and a password or access token for a registry. */
export interface Credentials {
  readonly username: string;
  readonly password: string;
}

const MAX_TOKEN_BYTES = 64 * 1024;

/** What a token is asked for. */
export interface TokenRequest {
  readonly challenge: Challenge;
  /** Where the challenge came from. */
  readonly registry: URL;
  /** As `repository:library/redis:pull`. */
  readonly scopes: readonly string[];
  readonly credentials?: Credentials | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The `Authorization` value of RFC 7617. */
export function basicAuthorization({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`, "utf8").toString("base64")}`;
}

/** Where a Bearer challenge says that tokens are. The scopes are the ones we need, not the one the registry names. */
function tokenUrl({ challenge, scopes, registry }: TokenRequest, insecureRegistries: readonly string[]): URL {
  const realm = challenge.parameters.get("realm") ?? "";
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url === undefined || !isAllowedUrl(url, registry, insecureRegistries)) {
    throw protocolError(
      `The registry names ${JSON.stringify(realm.slice(0, 200))} for tokens, which is no HTTPS address`,
    );
  }
  const service = challenge.parameters.get("service");
  if (service !== undefined) url.searchParams.set("service", service);
  url.searchParams.delete("scope");
  for (const scope of scopes) url.searchParams.append("scope", scope);
  return url;
}

/** Gets a Bearer token, anonymously or with credentials (distribution's token specification). One attempt. */
export async function fetchToken(request: TokenRequest, settings: HttpSettings): Promise<string> {
  const { scopes, credentials, signal } = request;
  const url = tokenUrl(request, settings.insecureRegistries);
  const authorization = credentials === undefined ? undefined : basicAuthorization(credentials);
  await using answer = await sendRequest({ method: "GET", url, authorization, signal }, settings);
  if (answer.status !== 200) {
    throw await statusFault(answer, { what: `a token for ${scopes.join(" ")}`, notFound: "IMAGE_NOT_FOUND" });
  }
  const bytes = await readCapped(answer.body(), MAX_TOKEN_BYTES);
  const token = bytes === undefined ? undefined : tokenOf(bytes);
  if (token === undefined) throw protocolError(`${url.host} answered no token when asked for one`);
  return token;
}

function tokenOf(bytes: Uint8Array): string | undefined {
  try {
    const body = JSON.parse(Buffer.from(bytes).toString("utf8")) as { token?: unknown; access_token?: unknown };
    const token = body.token ?? body.access_token;
    // RFC 6750: what else a header could be made to say must not come from a token.
    return typeof token === "string" && /^[A-Za-z0-9._~+/-]+=*$/.test(token) ? token : undefined;
  } catch {
    return undefined;
  }
}
