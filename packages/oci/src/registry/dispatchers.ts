import type { Agent, Dispatcher, ProxyAgent } from "undici";
import type { ForwardProxy, ProxySettings } from "./proxy-settings.ts";
import { Sockets } from "./sockets.ts";
import type { TlsSettings } from "./tls-settings.ts";
import { loadUndiciParts } from "./undici.ts";

/** The way that requests to an address take. */
export interface Route {
  /** Over the connections of the way; `origin` and `path` are those below. */
  send(options: Dispatcher.RequestOptions): Promise<Dispatcher.ResponseData>;
  /** Who is connected to. */
  readonly origin: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** The `host:port` of the proxy on the way. */
  readonly proxy: string | undefined;
}

/** What connections are made by. */
export interface DispatcherSettings {
  readonly tls: TlsSettings;
  readonly proxies: ProxySettings;
  readonly connectTimeoutMs: number;
}

/** Connections to the hosts that one way leads to. */
interface Connections {
  readonly agent: Agent | ProxyAgent;
  readonly send: Route["send"];
}

/** Silence is watched for by each request itself; how many connections there are is for whoever sends requests to bound. */
const UNBOUNDED = { headersTimeout: 0, bodyTimeout: 0 };

/** Connections of a client, opened when they are needed and kept for the next request. */
export class Dispatchers implements AsyncDisposable {
  readonly #settings: DispatcherSettings;
  readonly #agents = new Map<string, Promise<Connections>>();
  readonly #sockets = new Sockets();

  constructor(settings: DispatcherSettings) {
    this.#settings = settings;
  }

  async route(url: URL): Promise<Route> {
    const { tls, proxies } = this.#settings;
    const proxy = proxies.proxyFor(url);
    const path = `${url.pathname}${url.search}`;
    if (proxy === undefined) {
      const { send } = await this.#agent(tls.entryFor(url));
      return { send, origin: url.origin, path, headers: {}, proxy: undefined };
    }
    if (url.protocol === "https:") {
      const { send } = await this.#tunnel(proxy, tls.entryFor(url));
      return { send, origin: url.origin, path, headers: {}, proxy: proxy.url.host };
    }
    // RFC 9112, section 3.2.2: without TLS the proxy is asked for the whole address.
    const authorization = proxy.authorization === undefined ? {} : { "proxy-authorization": proxy.authorization };
    const { send } = await this.#agent(tls.entryFor(proxy.url));
    return {
      send,
      origin: proxy.url.origin,
      path: `${url.origin}${path}`,
      headers: { host: url.host, ...authorization },
      proxy: proxy.url.host,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const agents = await Promise.all(this.#agents.values());
    const ends = agents.map(({ agent }) => agent.destroy());
    this.#sockets.destroy();
    await Promise.all(ends);
  }

  #agent(entry: string): Promise<Connections> {
    return this.#once(`direct ${entry}`, async () => {
      const { Agent, buildConnector, request } = await loadUndiciParts();
      const agent = new Agent({ ...UNBOUNDED, connect: this.#sockets.watch(buildConnector(this.#connect(entry))) });
      return { agent, send: (options) => request(agent, options) };
    });
  }

  #tunnel(proxy: ForwardProxy, entry: string): Promise<Connections> {
    return this.#once(`${proxy.url.origin} ${entry}`, async () => {
      // It builds on what only the index sets up.
      const { buildConnector, Pool, ProxyAgent } = await import("undici");
      const { tls, connectTimeoutMs } = this.#settings;
      const connect = this.#sockets.watch(buildConnector(this.#connect(tls.entryFor(proxy.url))));
      const agent = new ProxyAgent({
        ...UNBOUNDED,
        uri: proxy.url.origin,
        ...(proxy.authorization === undefined ? {} : { token: proxy.authorization }),
        requestTls: this.#connect(entry),
        // What it waits for here is the answer to `CONNECT`.
        clientFactory: (origin) => new Pool(origin, { connect, headersTimeout: connectTimeoutMs }),
      });
      return { agent, send: (options) => agent.request(options) };
    });
  }

  #once(key: string, open: () => Promise<Connections>): Promise<Connections> {
    const agent = this.#agents.get(key) ?? open();
    this.#agents.set(key, agent);
    return agent;
  }

  #connect(entry: string) {
    const { tls, connectTimeoutMs } = this.#settings;
    const secureContext = tls.context(entry);
    return { timeout: connectTimeoutMs, ...(secureContext === undefined ? {} : { secureContext }) };
  }
}
