import { createConnection } from "node:net";
import type { Transport } from "@connectrpc/connect";
import { createGrpcTransport, Http2SessionManager } from "@connectrpc/connect-node";

/** A plain gRPC client on a Unix socket, with nothing of ours in it. */
export function unixGrpc(socketPath: string): { transport: Transport } & Disposable {
  const baseUrl = "http://host";
  const sessionManager = new Http2SessionManager(baseUrl, undefined, {
    createConnection: () => createConnection(socketPath),
  });
  return {
    transport: createGrpcTransport({ baseUrl, sessionManager }),
    [Symbol.dispose]: () => sessionManager.abort(),
  };
}
