import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { AgentError } from "../src/index.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

test("a command that does not exist is 127, by name and by path", async () => {
  for (const argv of [["no-such-command"], ["/no/such/command"]]) {
    await expect(agent.client.exec(argv)).rejects.toMatchObject({
      code: "COMMAND_NOT_FOUND",
      details: { exitCode: 127 },
      message: expect.stringContaining(JSON.stringify(argv[0])),
    });
  }
});

test("a file that is not executable is 126", async () => {
  await using scratch = await scratchDirectory();
  const file = join(scratch.path, "plain");
  await writeFile(file, "text", { mode: 0o644 });
  await expect(agent.client.exec([file])).rejects.toMatchObject({
    code: "COMMAND_NOT_EXECUTABLE",
    details: { exitCode: 126 },
  });
});

test("iterating a command that was not started throws the same", async () => {
  const iterate = async () => {
    for await (const _event of agent.client.exec(["no-such-command"]));
  };
  await expect(iterate()).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
});

test("an unknown user and a directory that is a file are named", async () => {
  await expect(agent.client.exec(["true"], { user: "nobody-of-that-name" })).rejects.toMatchObject({
    code: "EXEC_USER_INVALID",
    message: expect.stringContaining("nobody-of-that-name"),
  });
  await expect(agent.client.exec(["true"], { cwd: "/etc/passwd" })).rejects.toMatchObject({ code: "EXEC_CWD_INVALID" });
});

test("arguments larger than the kernel takes are a typed error", async () => {
  const rejected = expect(agent.client.exec(["echo", "x".repeat(200_000)])).rejects;
  await rejected.toBeInstanceOf(AgentError);
  await rejected.toMatchObject({ code: expect.stringMatching(/^EXEC_(INVALID|RESOURCES_EXHAUSTED)$/) });
});

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
