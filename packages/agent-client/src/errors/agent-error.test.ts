import { BoxError } from "@a3s/core";
import { Code, ConnectError } from "@connectrpc/connect";
import { expect, test } from "vitest";
import { AgentError } from "./agent-error.ts";

const fromAgent = (code: Code) => new ConnectError("said", code, { "grpc-status": String(code) });
const systemError = (code: string) => Object.assign(new Error(`connect ${code}`), { code });
const wrapped = (cause: Error) => new ConnectError("wrapped", Code.Internal, undefined, undefined, cause);

test.each<[string, unknown, string]>([
  ["a refusal of the agent", fromAgent(Code.PermissionDenied), "AGENT_CALL_FAILED"],
  ["a fault of the agent", fromAgent(Code.Internal), "AGENT_CALL_FAILED"],
  ["an agent that says it is unavailable", fromAgent(Code.Unavailable), "AGENT_UNAVAILABLE"],
  ["a connection that is refused", wrapped(systemError("ECONNREFUSED")), "AGENT_UNAVAILABLE"],
  ["a connection that breaks", wrapped(systemError("ECONNRESET")), "AGENT_UNAVAILABLE"],
  ["a stream that was cancelled there", new ConnectError("reset", Code.Canceled), "AGENT_UNAVAILABLE"],
  ["bytes that are not HTTP/2", wrapped(systemError("ERR_HTTP2_ERROR")), "AGENT_PROTOCOL_VIOLATION"],
  ["a missing trailer", new ConnectError("missing status", Code.Internal), "AGENT_PROTOCOL_VIOLATION"],
  ["a message that is too large", new ConnectError("too large", Code.ResourceExhausted), "AGENT_PROTOCOL_VIOLATION"],
])("%s is %s", (_name, error, code) => {
  expect(AgentError.from(error)).toMatchObject({ code, cause: error, hint: expect.any(String) });
});

test("an AgentError in the chain of causes is kept", () => {
  const inner = new AgentError({ code: "AGENT_CLOSED", message: "closed" });
  expect(AgentError.from(inner)).toBe(inner);
  expect(AgentError.from(wrapped(Object.assign(new Error("session"), { cause: inner })))).toBe(inner);
});

test("a cause that leads back to itself ends the search", () => {
  const loop = new Error("loop");
  loop.cause = loop;
  expect(AgentError.from(loop)).toBeInstanceOf(BoxError);
});
