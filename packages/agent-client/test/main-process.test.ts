import { buffer, text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { sitAt } from "./person.ts";
import { startRealAgent } from "./real-agent.ts";

test("its output goes to the log, each stream by its own way, and its exit code ends the agent", async () => {
  await using agent = await startRealAgent({ command: "echo out; echo err >&2; exit 3" });
  const ended = agent.client.processes.wait("main");
  expect(await Promise.all([text(agent.log.stdout), text(agent.log.stderr)])).toEqual(["out\n", "err\n"]);
  expect(await ended).toEqual({ exitCode: 3, signal: null, timedOut: false });
  expect(await agent.exitCode).toBe(3);
});

test("an end before anybody asked is kept for who asks, with the last of 1 MiB of output", async () => {
  await using agent = await startRealAgent({ command: "head -c 1048576 /dev/zero | tr '\\0' x; kill -9 $$" });
  const [log, ended] = await Promise.all([buffer(agent.log.stdout), agent.client.processes.wait("main")]);
  expect(log).toEqual(Buffer.alloc(1048576, "x"));
  expect(ended).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
  expect(await agent.exitCode).toBe(137);
});

test("what it has left behind that holds its output open does not hold its end up", async () => {
  await using agent = await startRealAgent({ command: "sleep 2 & echo left; exit 4" });
  expect(await agent.client.processes.wait("main")).toMatchObject({ exitCode: 4 });
  expect(await text(agent.log.stdout)).toBe("left\n");
  expect(await agent.exitCode).toBe(4);
});

test("the first to attach starts one that waits for it, gives its terminal the size, and misses nothing", async () => {
  const script = "stty size; tty; read -r line; echo got $line; exit 5";
  await using agent = await startRealAgent({ command: script, start: "attach", tty: true });
  expect(await agent.client.processes.list()).toEqual([]);
  const waiting = agent.client.processes.wait("main");
  const main = agent.client.processes.attach("main", { size: { columns: 101, rows: 33 }, stdin: "keys\n" });
  expect(await main.started).toMatchObject({ type: "started", id: 0, pid: expect.any(Number) });
  const { exitCode, stdout } = await main;
  // The terminal shows what is typed when that comes.
  const shown = new TextDecoder().decode(stdout).replace(/^keys\r\n|(?<=\n)keys\r\n/, "");
  expect(shown).toMatch(/^33 101\r\n\/dev\/pts\/\d+\r\ngot keys\r\n$/);
  expect(exitCode).toBe(5);
  expect(await waiting).toMatchObject({ exitCode: 5 });
  expect(await text(agent.log.stdout)).toContain("33 101\r\n");
});

test.each([
  ["COMMAND_NOT_FOUND", 127, { command: ["no-such-command"] }],
  ["COMMAND_NOT_EXECUTABLE", 126, { command: ["/etc/passwd"] }],
  ["EXEC_USER_INVALID", 125, { command: ["true"], user: "nobody-has-this-name" }],
  ["EXEC_CWD_INVALID", 125, { command: ["true"], cwd: "/etc/passwd" }],
])("one that cannot be started is %s for who attaches, and the end with %i", async (code, exitCode, main) => {
  await using agent = await startRealAgent({ ...main, start: "attach" });
  await expect(agent.client.processes.attach("main")).rejects.toMatchObject({ code });
  expect(await agent.exitCode).toBe(exitCode);
});

test("whoever attaches reads and writes until it leaves; the process goes on, its stdin too, and the log has it all", async () => {
  const script = "while read -r line; do echo got $line; done; echo end";
  await using agent = await startRealAgent({ command: script, stdin: true });
  const log = text(agent.log.stdout);
  const leave = new AbortController();
  const first = agent.client.processes.attach("main", { stdin: true, signal: leave.signal });
  const person = sitAt(first);
  await person.type("1\n");
  await person.until("got 1");
  leave.abort(new Error("enough"));
  await expect(first).rejects.toThrow("enough");
  const [listed] = await agent.client.processes.list();
  expect(listed).toMatchObject({ id: 0, main: true, detached: false, argv: ["/bin/sh", "-c", script] });
  // Calls overtake each other: what the third writes is answered to those that are there by then.
  const second = agent.client.processes.attach("main");
  await second.started;
  const third = agent.client.processes.attach("main", { stdin: "2\n" });
  expect(new TextDecoder().decode((await third).stdout)).toBe("got 2\nend\n");
  expect(new TextDecoder().decode((await second).stdout)).toBe("got 2\nend\n");
  expect(await log).toBe("got 1\ngot 2\nend\n");
});

test("the shutdown asks it by its own signal, and before what exec has started", async () => {
  const script =
    "trap 'sleep 0.2; echo asked; exit 6' QUIT; trap 'exit 7' TERM; echo ready; while :; do sleep 0.01; done";
  await using agent = await startRealAgent({ command: script, stopSignal: "SIGQUIT", start: "attach" });
  const main = agent.client.processes.attach("main");
  const { pid } = await main.started;
  const { until: mainUntil } = sitAt(main);
  await mainUntil("ready");
  const look = `kill -0 ${pid} 2>/dev/null && echo still there || echo gone`;
  const exec = agent.client.exec(`trap '${look}; exit 8' TERM; echo ready; while :; do sleep 0.01; done`);
  const { until: execUntil } = sitAt(exec);
  await execUntil("ready");
  const ended = agent.client.processes.wait("main");
  await agent.client.shutdown({ graceMs: 60_000 });
  expect(await ended).toMatchObject({ exitCode: 6, signal: null });
  await execUntil("gone");
  expect(await exec).toMatchObject({ exitCode: 8 });
  await mainUntil("asked\n");
  expect(await text(agent.log.stdout)).toContain("asked\n");
  expect(await agent.exitCode).toBe(6);
});

test("with keepAlive its end is not the guest's, and stays known", async () => {
  await using agent = await startRealAgent({ command: "exit 9", keepAlive: true });
  for (const _ of [1, 2]) expect(await agent.client.processes.wait("main")).toMatchObject({ exitCode: 9 });
  expect(await agent.client.exec(["true"])).toMatchObject({ exitCode: 0 });
  await expect(agent.client.processes.signal("main", "SIGTERM")).rejects.toMatchObject({ code: "PROCESS_UNKNOWN" });
  await agent.client.shutdown();
  expect(await agent.exitCode).toBe(9);
});

test("a detached command can be attached to, one of another call cannot, and what there is not is unknown", async () => {
  await using agent = await startRealAgent();
  const { processes } = agent.client;
  const detached = await agent.client.exec("while :; do echo tick; sleep 0.01; done", { detached: true }).started;
  const attached = processes.attach(detached.id);
  await sitAt(attached).until("tick\ntick\n");
  expect(attached.kill("SIGUSR1")).toBe(true);
  expect(await attached).toMatchObject({ exitCode: 138, signal: "SIGUSR1" });
  await using owned = agent.client.exec(["sleep", "1000"]);
  const { id } = await owned.started;
  await expect(processes.attach(id)).rejects.toMatchObject({
    code: "AGENT_CALL_FAILED",
    message: expect.stringContaining("is not detached"),
  });
  for (const unknown of ["main", detached.id, 1e9] as const) {
    await expect(processes.attach(unknown)).rejects.toMatchObject({ code: "PROCESS_UNKNOWN" });
  }
  expect(() => processes.attach(-1)).toThrow(expect.objectContaining({ code: "EXEC_INVALID" }));
});
