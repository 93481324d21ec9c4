import { Code, ConnectError } from "@connectrpc/connect";
import { guestText } from "./guest-text.ts";

/** What a failed call means to the caller. */
export interface CallFault {
  readonly code: "AGENT_UNAVAILABLE" | "AGENT_CALL_FAILED" | "AGENT_PROTOCOL_VIOLATION";
  readonly message: string;
  readonly hint: string;
  readonly details: Readonly<Record<string, unknown>>;
}

/** Status codes that mean the connection, not the call, when this side made them up. */
const CONNECTION_LOST: ReadonlySet<Code> = new Set([Code.Unavailable, Code.Canceled, Code.Aborted]);
/** Node's code for bytes that are not HTTP/2. */
const NOT_HTTP2 = "ERR_HTTP2_ERROR";

/**
 * Decides what a failed call means. An answer of the agent carries `grpc-status`; everything else was noticed on this
 * side, as a connection that ended or as bytes that break the protocol.
 */
export function callFault(error: unknown): CallFault {
  const status = error instanceof ConnectError ? error : undefined;
  const root = rootCause(error);
  const systemCode = root instanceof Error && "code" in root && typeof root.code === "string" ? root.code : undefined;
  const details = {
    ...(status === undefined ? {} : { status: Code[status.code] }),
    ...(systemCode === undefined ? {} : { systemCode }),
  };
  const said = guestText(textOf(root));
  if (status?.metadata.has("grpc-status") && status.code !== Code.Unavailable) {
    return {
      code: "AGENT_CALL_FAILED",
      message: `The guest agent refused the call: ${said || Code[status.code]}`,
      hint: "The agent may be of another version, or the request not allowed in its present state.",
      details,
    };
  }
  const lost = status === undefined || CONNECTION_LOST.has(status.code);
  if (lost || (systemCode !== undefined && systemCode !== NOT_HTTP2)) {
    return {
      code: "AGENT_UNAVAILABLE",
      message: `The guest agent cannot be reached: ${said}`,
      hint: "The VM is not running or has just ended; look at its exit record and at the tail of its console.",
      details,
    };
  }
  return {
    code: "AGENT_PROTOCOL_VIOLATION",
    message: `The guest agent broke its protocol: ${said}`,
    hint: "The guest is compromised, or something other than the agent answers on this socket; destroy the VM.",
    details,
  };
}

/** What began a chain of causes: Node wraps the failure of a connection once for each of its streams. */
function rootCause(error: unknown): unknown {
  let root = error;
  for (let depth = 0; depth < 8 && root instanceof Error && root.cause instanceof Error; depth++) root = root.cause;
  return root;
}

function textOf(error: unknown): string {
  if (error instanceof ConnectError) return error.rawMessage;
  return error instanceof Error ? error.message : String(error);
}
