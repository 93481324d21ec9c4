import { constants, type IncomingHttpHeaders } from "node:http2";
import { Code, ConnectError } from "@connectrpc/connect";
import { findTrailerError } from "@connectrpc/connect/protocol-grpc";
import { AgentError } from "../errors/agent-error.ts";

const CONTENT_TYPE = /^application\/grpc(\+proto)?(;|$)/;

/** @throws ConnectError `INTERNAL` for the head of an answer that is not gRPC's. */
export function checkResponse({ ":status": status, "content-type": type }: IncomingHttpHeaders): void {
  if (Number(status) !== 200) throw violation(`the HTTP status ${status}`);
  if (type === undefined || !CONTENT_TYPE.test(type)) throw violation(`the content type ${JSON.stringify(type)}`);
}

/** Why a call failed, by what stands at its end; undefined when it did not. */
export function statusFault(trailers: IncomingHttpHeaders): ConnectError | undefined {
  const status = trailers["grpc-status"];
  if (status === undefined) return violation("no status");
  if (status === "0") return undefined;
  try {
    return findTrailerError(grpcHeaders(trailers)) ?? violation(`the status ${status} with details of none`);
  } catch (cause) {
    return violation(`a status that cannot be read: ${cause}`);
  }
}

/** Why a stream that has closed has no status. */
export function endedWithoutStatus(head: IncomingHttpHeaders | undefined, rstCode: number | undefined): Error {
  if (rstCode === constants.NGHTTP2_CANCEL) return new ConnectError("the agent cancelled the call", Code.Canceled);
  if (head !== undefined) return violation("no status");
  return new AgentError({
    code: "AGENT_UNAVAILABLE",
    message: "The guest agent ended the call without an answer",
    hint: "The VM has just ended, or the agent is shutting down; look at the VM's exit record.",
  });
}

function grpcHeaders(trailers: IncomingHttpHeaders): Headers {
  const headers = new Headers();
  for (const name of ["grpc-status", "grpc-message", "grpc-status-details-bin"]) {
    const value = trailers[name];
    if (typeof value === "string") headers.set(name, value);
  }
  return headers;
}

function violation(what: string): ConnectError {
  return new ConnectError(`the answer has ${what}`, Code.Internal);
}
