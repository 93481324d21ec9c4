import type { IncomingMessage } from "node:http";
import { type Answer, failure, json } from "./answer.ts";
import type { Route } from "./route.ts";

/** Who may use a test registry. */
export type TestRegistryAuth =
  /** Basic authentication at every request. */
  | { readonly type: "basic"; readonly username: string; readonly password: string }
  /** Bearer tokens from `/token`; anonymous unless a user is named. A token that was asked for with scopes is good for those only. */
  | {
      readonly type: "bearer";
      readonly username?: string;
      readonly password?: string;
      /** Requests that a token is good for; all by default. */
      readonly usesPerToken?: number;
      /** Seconds that a token is good for, sent as `expires_in`; without it, it does not say and does not end. */
      readonly secondsPerToken?: number;
    };

interface Token {
  /** `repository:name:pull,push`; none allow everything. */
  readonly scopes: readonly string[];
  /** In milliseconds since 1970. */
  readonly ends: number;
  uses: number;
}

type Action = "pull" | "push";

/** Checks and hands out authorisation. */
export class Gate {
  readonly #auth: TestRegistryAuth | undefined;
  readonly #tokens = new Map<string, Token>();

  constructor(auth: TestRegistryAuth | undefined) {
    this.#auth = auth;
  }

  /** What refuses the request, or `undefined` when it may pass. */
  refusal(request: IncomingMessage, { repository }: Route): Answer | undefined {
    const auth = this.#auth;
    if (auth === undefined) return undefined;
    const { method = "GET", headers } = request;
    if (auth.type === "basic") {
      if (headers.authorization === basic(auth.username, auth.password)) return undefined;
      return failure(401, "UNAUTHORIZED", { "www-authenticate": 'Basic realm="test"' });
    }
    const action = method === "GET" || method === "HEAD" ? "pull" : "push";
    const token = this.#token(request);
    if (token !== undefined && token.uses > 0 && allows(token, repository, action)) {
      token.uses--;
      return undefined;
    }
    const scope = `repository:${repository}:${action === "push" ? "pull,push" : "pull"}`;
    const challenge = `Bearer realm="http://${headers.host}/token",service="test",scope="${scope}"`;
    return failure(401, "UNAUTHORIZED", { "www-authenticate": challenge });
  }

  /** Whether the request's authorisation reaches as far as another repository. */
  mayRead(request: IncomingMessage, repository: string): boolean {
    if (this.#auth?.type !== "bearer") return true;
    const token = this.#token(request);
    return token !== undefined && allows(token, repository, "pull");
  }

  /** Answers a request for a token. */
  token(request: IncomingMessage, { query }: Route): Answer {
    const auth = this.#auth;
    if (auth?.type !== "bearer") return failure(401, "UNAUTHORIZED");
    const { username, password = "", usesPerToken = Number.POSITIVE_INFINITY, secondsPerToken } = auth;
    if (username !== undefined && request.headers.authorization !== basic(username, password)) {
      return failure(401, "UNAUTHORIZED");
    }
    const token = `token-${this.#tokens.size + 1}`;
    const ends = Date.now() + (secondsPerToken ?? Number.POSITIVE_INFINITY) * 1000;
    this.#tokens.set(`Bearer ${token}`, { scopes: query.getAll("scope"), ends, uses: usesPerToken });
    return json({ token, ...(secondsPerToken === undefined ? {} : { expires_in: secondsPerToken }) });
  }

  #token(request: IncomingMessage): Token | undefined {
    const token = this.#tokens.get(request.headers.authorization ?? "");
    return token !== undefined && Date.now() < token.ends ? token : undefined;
  }
}

function allows({ scopes }: Token, repository: string, action: Action): boolean {
  if (scopes.length === 0 || repository === "") return true;
  // Docker's client sends its scopes apart, others in one parameter.
  return scopes
    .flatMap((scope) => scope.split(" "))
    .some((scope) => {
      const [, name, actions = ""] = /^repository:(.+):([^:]*)$/.exec(scope) ?? [];
      return name === repository && actions.split(",").includes(action);
    });
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
