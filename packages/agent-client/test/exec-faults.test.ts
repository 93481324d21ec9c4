import { afterAll, beforeAll, expect, test } from "vitest";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

test("a source of stdin that fails ends the command", async () => {
  async function* broken() {
    yield "some";
    throw new Error("disk gone");
  }
  await expect(agent.client.exec(["cat"], { stdin: broken() })).rejects.toMatchObject({
    code: "EXEC_STDIN_FAILED",
    cause: expect.objectContaining({ message: "disk gone" }),
  });
});
