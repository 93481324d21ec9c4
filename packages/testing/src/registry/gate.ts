import type { IncomingMessage } from "node:http";

/** Who may read a test registry. */
export type TestRegistryAuth =
  /** Basic authentication at every request. */
  | { readonly type: "basic"; readonly username: string; readonly password: string }
  /** Bearer tokens from `/token`; anonymous unless a user is named. */
  | {
      readonly type: "bearer";
      readonly username?: string;
      readonly password?: string;
      /** Requests that a token is good for; all by default. */
      readonly usesPerToken?: number;
    };

/** Checks and hands out authorisation. */
export class Gate {
  readonly #auth: TestRegistryAuth | undefined;
  readonly #uses = new Map<string, number>();
  #issued = 0;

  constructor(auth: TestRegistryAuth | undefined) {
    this.#auth = auth;
  }

  /** The challenge to answer with, or `undefined` when the request may pass. */
  challenge(request: IncomingMessage, origin: string): string | undefined {
    const auth = this.#auth;
    if (auth === undefined) return undefined;
    const given = request.headers.authorization;
    if (auth.type === "basic") return given === basic(auth.username, auth.password) ? undefined : 'Basic realm="test"';
    const left = given === undefined ? 0 : (this.#uses.get(given) ?? 0);
    if (given !== undefined && left > 0) {
      this.#uses.set(given, left - 1);
      return undefined;
    }
    return `Bearer realm="${origin}/token",service="test",scope="repository:any:pull"`;
  }

  /** A new token, or `undefined` when the credentials are wrong. */
  token(request: IncomingMessage): string | undefined {
    const auth = this.#auth;
    if (auth?.type !== "bearer") return undefined;
    const { username, password = "", usesPerToken = Number.POSITIVE_INFINITY } = auth;
    if (username !== undefined && request.headers.authorization !== basic(username, password)) return undefined;
    const token = `token-${++this.#issued}`;
    this.#uses.set(`Bearer ${token}`, usesPerToken);
    return token;
  }
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
