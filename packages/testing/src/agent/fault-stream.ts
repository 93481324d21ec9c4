import { randomBytes } from "node:crypto";
import type { Http2ServerResponse } from "node:http2";
import { ConnectError } from "@connectrpc/connect";
import type { AgentFault } from "./agent-fault.ts";

/** Lets a fault happen that leaves nothing of the call. False for one that happens within the answer. */
export function answerFault(fault: AgentFault, response: Http2ServerResponse): boolean {
  switch (fault.type) {
    case "hang":
      return true;
    case "reset":
      response.stream.on("error", () => {}).close();
      return true;
    case "disconnect":
      response.stream.session?.destroy();
      return true;
    case "garbage":
      response.writeHead(200, { "content-type": "application/grpc+proto" });
      response.end(fault.bytes ?? randomBytes(64));
      return true;
    case "http":
      response.writeHead(fault.status, fault.headers).end("no gRPC");
      return true;
    default:
      return false;
  }
}

/**
 * The messages of an answer with a fault in them.
 *
 * @param cut Ends the stream as it is.
 */
export async function* faultyMessages(
  fault: AgentFault,
  proper: AsyncIterable<object>,
  cut: () => void,
): AsyncGenerator<object, void, undefined> {
  if (fault.type === "status") throw new ConnectError(fault.message, fault.code);
  if (fault.type === "rewrite") return yield* fault.messages(proper);
  let index = 0;
  let last: object | undefined;
  for await (const message of proper) {
    if (fault.type === "cut" && index === fault.afterMessages) break;
    yield message;
    last = message;
    if (fault.type === "endless" && index === fault.message) break;
    index++;
  }
  if (fault.type === "endless" && last !== undefined) for (;;) yield last;
  if (fault.type === "cut") cut();
  if (fault.type === "cut" || fault.type === "linger") await new Promise<never>(() => {});
}
