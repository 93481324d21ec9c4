import type { Environment } from "../credentials/credentials.ts";
import { isLoopback } from "./endpoint.ts";
import { isExcluded } from "./no-proxy.ts";
import { optionsInvalid } from "./options-invalid.ts";

/** Forward proxies by the scheme of what is asked for, as `http://[user:password@]host:port`. */
export interface ProxyOptions {
  readonly http?: string | undefined;
  readonly https?: string | undefined;
  /** What is reached without: a list as `NO_PROXY` has it. The loopback always is. */
  readonly no?: string | undefined;
}

/** A forward proxy. */
export interface ForwardProxy {
  /** Without credentials. */
  readonly url: URL;
  /** The value of `Proxy-Authorization`. */
  readonly authorization: string | undefined;
}

/** Which addresses are reached through which proxy. */
export class ProxySettings {
  readonly #http: ForwardProxy | undefined;
  readonly #https: ForwardProxy | undefined;
  readonly #no: string;

  /**
   * @param options replace what the environment says; `false` is for no proxy at all.
   * @throws OciError `REGISTRY_OPTIONS_INVALID`
   */
  constructor(options: ProxyOptions | false | undefined, environment: Environment) {
    const { http, https, no } = options === false ? {} : (options ?? fromEnvironment(environment));
    this.#http = parseProxy(http, options === undefined ? "HTTP_PROXY (of the environment)" : "proxy.http");
    this.#https = parseProxy(https, options === undefined ? "HTTPS_PROXY (of the environment)" : "proxy.https");
    this.#no = no ?? "";
  }

  proxyFor(url: URL): ForwardProxy | undefined {
    const proxy = url.protocol === "https:" ? this.#https : this.#http;
    return proxy === undefined || isLoopback(url.hostname) || isExcluded(url, this.#no) ? undefined : proxy;
  }
}

/** As curl and undici read it: lower case first. */
function fromEnvironment(environment: Environment): ProxyOptions {
  const read = (name: string) => environment[name.toLowerCase()] ?? environment[name];
  return { http: read("HTTP_PROXY"), https: read("HTTPS_PROXY"), no: read("NO_PROXY") };
}

function parseProxy(address: string | undefined, option: string): ForwardProxy | undefined {
  if (address === undefined || address === "") return undefined;
  const text = address.includes("://") ? address : `http://${address}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (url === undefined || !["http:", "https:"].includes(url.protocol)) {
    throw optionsInvalid(option, "is no address of a proxy", "Write http://host:port or https://host:port.");
  }
  return { url: new URL(url.origin), authorization: authorizationOf(url, option) };
}

function authorizationOf({ username, password }: URL, option: string): string | undefined {
  if (username === "" && password === "") return undefined;
  try {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    return `Basic ${Buffer.from(pair, "utf8").toString("base64")}`;
  } catch {
    throw optionsInvalid(option, "has credentials that are badly escaped", "Write % as %25 in user and password.");
  }
}
