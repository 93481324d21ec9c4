import { once } from "node:events";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import { type AddressInfo, connect, type Socket } from "node:net";
import { pipeline } from "node:stream";

/** Options of {@link startTestProxy}. */
export interface TestProxyOptions {
  /** Where names lead, as `{ "registry.test:443": "127.0.0.1:5000" }`; others are looked up. */
  readonly hosts?: Readonly<Record<string, string>>;
  /** Who may use it; everybody by default. */
  readonly credentials?: { readonly username: string; readonly password: string };
  /** What is answered to every CONNECT instead of a connection. */
  readonly connectStatus?: number;
}

/** A request as a proxy gets it. */
export interface ProxiedRequest {
  /** `CONNECT`, or the method of a request in plain HTTP. */
  readonly method: string;
  /** `host:port` of a CONNECT, the whole address otherwise. */
  readonly target: string;
  readonly allowed: boolean;
}

/** A forward proxy on the loopback. Disposing it breaks its connections. */
export interface TestProxy extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** Every request so far, refused ones included. */
  readonly requests: readonly ProxiedRequest[];
}

/** Starts a forward proxy for plain HTTP (RFC 9112, section 3.2.2) and for connections (RFC 9110, section 9.3.6). */
export async function startTestProxy(options: TestProxyOptions = {}): Promise<TestProxy> {
  const requests: ProxiedRequest[] = [];
  const sockets = new Set<Socket>();
  const admit = (request: IncomingMessage): boolean => {
    const { method = "GET", url: target = "" } = request;
    const allowed = isAllowed(request, options);
    requests.push({ method, target, allowed });
    return allowed;
  };
  const server = createServer((request, response) => {
    if (admit(request)) forward(request, response, options);
    else response.writeHead(407, { "proxy-authenticate": 'Basic realm="test"' }).end();
  });
  server.on("connection", (socket: Socket) => keep(sockets, socket));
  server.on("connect", (request: IncomingMessage, socket: Socket, head: Buffer) => {
    const status = admit(request) ? (options.connectStatus ?? 200) : 407;
    if (status === 200) keep(sockets, tunnel(request, socket, head, options));
    else socket.end(`HTTP/1.1 ${status} Refused\r\ncontent-length: 0\r\n\r\n`);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function isAllowed({ headers }: IncomingMessage, { credentials }: TestProxyOptions): boolean {
  if (credentials === undefined) return true;
  const { username, password } = credentials;
  return headers["proxy-authorization"] === `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}

function forward(request: IncomingMessage, response: ServerResponse, options: TestProxyOptions): void {
  const url = new URL(request.url ?? "");
  const { hostname, port } = addressOf(`${url.hostname}:${url.port || 80}`, options);
  const { "proxy-authorization": _secret, ...headers } = request.headers;
  const onwards = httpRequest({
    hostname,
    port,
    method: request.method,
    path: `${url.pathname}${url.search}`,
    headers,
  });
  onwards.on("response", (answer) => {
    response.writeHead(answer.statusCode ?? 502, answer.headers);
    pipeline(answer, response, () => {});
  });
  onwards.on("error", () => (response.headersSent ? response.destroy() : response.writeHead(502).end()));
  request.pipe(onwards);
}

function tunnel(request: IncomingMessage, socket: Socket, head: Buffer, options: TestProxyOptions): Socket {
  const { hostname, port } = addressOf(request.url ?? "", options);
  const onwards = connect(port, hostname, () => {
    socket.write("HTTP/1.1 200 Connected\r\n\r\n");
    onwards.write(head);
    pipeline(socket, onwards, socket, () => {});
  });
  onwards.on("error", () => socket.destroy());
  return onwards;
}

function addressOf(target: string, { hosts = {} }: TestProxyOptions) {
  const [, hostname = "", port] = /^(.*):(\d+)$/.exec(hosts[target] ?? target) ?? [];
  return { hostname, port: Number(port) };
}

function keep(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket);
  socket.once("close", () => sockets.delete(socket));
}
