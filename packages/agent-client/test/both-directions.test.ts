import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { connectAgent } from "../src/index.ts";
import { AgentConnection } from "../src/session/agent-connection.ts";
import { startOneWayBridge } from "./one-way-bridge.ts";
import { startRealAgent } from "./real-agent.ts";

test("content goes both ways at once, also where what comes in has to be read before anything goes out", async () => {
  await using agent = await startRealAgent();
  await using bridge = await startOneWayBridge(agent.socketPath);
  await using client = connectAgent({ socketPath: bridge.socketPath });
  const stdin = randomBytes(4 << 20);
  const signal = AbortSignal.timeout(20_000);
  const results = await Promise.all(
    [1, 2, 3].map(() => client.exec(["cat"], { stdin, signal, maxBufferBytes: 8 << 20 })),
  );
  for (const { stdout } of results) expect(Buffer.compare(stdout, stdin)).toBe(0);
});

test("a connection that is given up as soon as it is made is gone without a word", async () => {
  await using agent = await startRealAgent();
  const closed = Promise.withResolvers<void>();
  const listener = { onLeave: () => {}, onClose: () => closed.resolve() };
  const connection = new AgentConnection(agent.socketPath, "http://localhost", {}, listener);
  connection.destroy(new Error("not wanted any more"));
  await closed.promise;
  await agent.client.exec(["true"]).orThrow();
});
