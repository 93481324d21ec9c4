import { waitForExit } from "@a3s/testing";
import { expect, test } from "vitest";
import { connectAgent } from "../src/index.ts";
import { startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

test("when the VM ends, every pending call rejects at once", async () => {
  await using agent = await startRealAgent();
  const awaited = agent.client.exec(["sleep", "1000"]).then();
  const events = agent.client.exec(["sleep", "1000"])[Symbol.asyncIterator]();
  expect(await events.next()).toMatchObject({ value: { type: "started" } });
  const pending = [awaited, events.next()];
  const rejected = pending.map((call) => expect(call).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" }));
  const began = performance.now();
  agent.kill();
  await Promise.all(rejected);
  expect(performance.now() - began).toBeLessThan(1000);
});

test("a test's agent leaves no process behind, also of those that left their session", async () => {
  const pids: number[] = [];
  for (const how of ["killed", "disposed"]) {
    await using agent = await startRealAgent();
    const script = "setsid sh -c 'echo $$; exec sleep 1000' & echo $$; trap '' TERM; while :; do sleep 1000; done";
    const { stdout } = agent.client.exec(script, { detached: true });
    let text = "";
    for await (const chunk of stdout.pipeThrough(new TextDecoderStream())) {
      text += chunk;
      if (text.split("\n").length > 2) break;
    }
    pids.push(...text.trim().split("\n").map(Number));
    if (how === "killed") agent.kill();
  }
  expect(pids).toHaveLength(4);
  await Promise.all(pids.map((pid) => waitForExit(pid, 10_000)));
});

test("after the VM's end further calls are refused with a hint", async () => {
  await using agent = await startRealAgent();
  expect(await agent.client.health()).toBe("serving");
  const pending = agent.client.exec(["sleep", "1000"]).then();
  agent.kill();
  await expect(pending).rejects.toMatchObject({ code: "AGENT_UNAVAILABLE" });
  const unavailable = { code: "AGENT_UNAVAILABLE", hint: expect.stringContaining("VM") };
  await expect(agent.client.health()).rejects.toMatchObject(unavailable);
  await expect(agent.client.exec(["true"])).rejects.toMatchObject(unavailable);
});

test("where there is no agent, a call says so", async () => {
  await using scratch = await scratchDirectory();
  await using client = connectAgent({ socketPath: `${scratch.path}/none.sock` });
  await expect(client.health()).rejects.toMatchObject({
    code: "AGENT_UNAVAILABLE",
    details: { systemCode: "ENOENT" },
  });
});

test("shutdown is answered and ends the agent", async () => {
  await using agent = await startRealAgent();
  const pending = agent.client.exec(["sleep", "1000"]).then(
    (result) => result.signal,
    (error: { code: string }) => error.code,
  );
  await agent.client.shutdown({ graceMs: 0 });
  expect(["SIGTERM", "SIGKILL", "AGENT_UNAVAILABLE"]).toContain(await pending);
});

test("a shutdown asks a command with its own stop signal, and waits for it within the grace", async () => {
  await using agent = await startRealAgent();
  const process = agent.client.exec(
    "trap 'exit 6' QUIT; trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done",
    {
      stopSignal: "SIGQUIT",
    },
  );
  await process.stdout.getReader().read();
  await agent.client.shutdown({ graceMs: 60_000 });
  expect(await process).toMatchObject({ exitCode: 6 });
});

test("the client's signal disposes it", async () => {
  await using agent = await startRealAgent();
  const controller = new AbortController();
  await using client = connectAgent({ socketPath: agent.socketPath, signal: controller.signal });
  const pending = client.exec(["sleep", "1000"]).then();
  await client.health();
  controller.abort("over");
  await expect(pending).rejects.toMatchObject({ code: "AGENT_CLOSED", cause: "over" });
});
