import { afterAll, beforeAll, expect, test } from "vitest";
import { connectAgent } from "../src/index.ts";
import { fakeAgent } from "./fake-agent.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

test("another client sees, signals and awaits a process", async () => {
  await using other = connectAgent({ socketPath: agent.socketPath });
  await using process = agent.client.exec(["sleep", "1000"]);
  const { id, pid } = await process.started;
  const listed = await other.processes.list();
  expect(listed).toContainEqual({
    id,
    pid,
    argv: ["sleep", "1000"],
    user: "",
    tty: false,
    detached: false,
    main: false,
    startedAt: expect.any(Date),
  });
  const waiting = other.processes.wait(id);
  await other.processes.signal(id, "SIGUSR1");
  expect(await waiting).toEqual({ exitCode: 138, signal: "SIGUSR1", timedOut: false });
  expect(await process).toMatchObject({ exitCode: 138, signal: "SIGUSR1" });
  expect(await other.processes.list()).not.toContainEqual(expect.objectContaining({ id }));
  expect(await other.processes.wait(id)).toMatchObject({ exitCode: 138 });
  const late = other.processes.signal(id, "SIGTERM");
  await expect(late).rejects.toMatchObject({ code: "PROCESS_UNKNOWN", message: expect.stringContaining(`${id}`) });
});

test("a detached process survives its client and can be found, awaited and killed", async () => {
  let id: number;
  {
    await using first = connectAgent({ socketPath: agent.socketPath });
    await using process = first.exec("while :; do echo tick; sleep 0.001; done", { detached: true });
    ({ id } = await process.started);
  }
  const listed = await agent.client.processes.list();
  expect(listed).toContainEqual(expect.objectContaining({ id, detached: true }));
  expect(await agent.client.processes.kill(id)).toEqual({ exitCode: 137, signal: "SIGKILL", timedOut: false });
});

test("kill asks first within its grace", async () => {
  const script = "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done";
  await using process = agent.client.exec(script);
  await process.stdout.getReader().read();
  const { id } = await process.started;
  expect(await agent.client.processes.kill(id, { graceMs: 60_000 })).toMatchObject({ exitCode: 5 });
});

test("what is not known is PROCESS_UNKNOWN, a wait can be given up", async () => {
  const { processes } = agent.client;
  for (const call of [processes.wait(1e9), processes.kill(1e9), processes.signal(1e9, 9)]) {
    await expect(call).rejects.toMatchObject({ code: "PROCESS_UNKNOWN" });
  }
  await expect(processes.signal(1, 99)).rejects.toMatchObject({ code: "EXEC_INVALID" });
  await using process = agent.client.exec(["sleep", "1000"]);
  const { id } = await process.started;
  await expect(processes.wait(id, { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
  const controller = new AbortController();
  const waiting = processes.wait(id, { signal: controller.signal });
  controller.abort("enough");
  await expect(waiting).rejects.toBe("enough");
});

test("started rejects as the process does", async () => {
  const process = agent.client.exec(["no-such-command"]);
  await expect(process.started).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
});

test.each<[string, { code: number; signal: number } | undefined]>([
  ["no end", undefined],
  ["an exit code that is none", { code: 256, signal: 0 }],
  ["a signal that does not fit", { code: 1, signal: 9 }],
])("a hostile agent that answers %s breaks the protocol", async (_name, exited) => {
  await using hostile = await fakeAgent({}, {}, { waitProcess: () => (exited === undefined ? {} : { exited }) });
  await expect(hostile.client.processes.wait(1)).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
});

test("a list without end, and one of hostile texts, are bounded", { timeout: 60_000 }, async () => {
  await using endless = await fakeAgent(
    {},
    {},
    {
      async *listProcesses() {
        for (let id = 0n; ; id++) yield { id };
      },
    },
  );
  await expect(endless.client.processes.list()).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
  await using hostile = await fakeAgent(
    {},
    {},
    {
      async *listProcesses() {
        yield { argv: ["\x1b[2J", ..."x".repeat(20_000)], user: "\u202eroot", startedAt: { seconds: 1n << 60n } };
      },
    },
  );
  const [listed] = await hostile.client.processes.list();
  expect(listed?.argv[0]).toBe("[2J");
  expect(listed?.argv.length).toBeLessThan(4097);
  expect(listed?.user).toBe("root");
  expect(listed?.startedAt).toEqual(new Date(0));
});
