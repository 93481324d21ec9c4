import { once } from "node:events";
import { createServer, request as openRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { pipeline } from "node:stream/promises";

/** A request that went through, and how long its answer took, to the last byte. */
export interface ProxiedRequest {
  readonly method: string;
  readonly path: string;
  readonly ms: number;
}

/** A host that passes every request on to another one and writes it down. */
export interface RecordingProxy extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  /** The requests answered since the last call. */
  take(): readonly ProxiedRequest[];
}

/** Starts a proxy in front of `target` (`host:port`, plain HTTP, GET and HEAD). */
export async function startRecordingProxy(target: string): Promise<RecordingProxy> {
  const requests: ProxiedRequest[] = [];
  const server = createServer((request, response) => {
    const { method = "GET", url: path = "/", headers } = request;
    const start = performance.now();
    response.once("finish", () => requests.push({ method, path, ms: performance.now() - start }));
    const onward = openRequest(`http://${target}${path}`, { method, headers });
    onward.once("error", () => response.destroy());
    onward.once("response", (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers);
      // Who broke off sees it on its own side.
      pipeline(answer, response).catch(() => response.destroy());
    });
    onward.end();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    take: () => requests.splice(0),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
