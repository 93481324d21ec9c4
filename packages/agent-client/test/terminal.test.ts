import { afterAll, beforeAll, expect, test } from "vitest";
import { sitAt } from "./person.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

test("busybox agrees, and sees a resize with SIGWINCH", async () => {
  const script = "busybox tty; trap 'busybox stty size; exit 4' WINCH; echo ready; while :; do sleep 0.01; done";
  await using process = agent.client.exec(["busybox", "sh", "-c", script], { tty: true });
  const person = sitAt(process);
  expect(await person.until("ready")).toMatch(/^\/dev\/pts\/\d+\r\nready$/);
  expect(await process.resize({ columns: 100, rows: 30 })).toBe(true);
  await person.until("30 100\r\n");
  expect(await process).toMatchObject({ exitCode: 4 });
  expect(await process.resize({ columns: 1, rows: 1 })).toBe(false);
});

test("an interactive shell: prompt, echo, job control, Ctrl-C, Ctrl-D", async () => {
  await using shell = agent.client.exec(["sh", "-i"], {
    tty: true,
    env: { PS1: "% ", PATH: "/usr/bin:/bin" },
  });
  const person = sitAt(shell);
  await person.until("% ");
  await person.type("echo $((6*7))\n");
  expect(await person.until("% ")).toBe("echo $((6*7))\r\n42\r\n% ");
  await person.type("cat\n");
  await person.until("cat\r\n");
  await person.type("mirror\n");
  await person.until("mirror\r\nmirror\r\n");
  await person.type("\x03");
  await person.until("% ");
  await person.type("echo $?; sleep 1000 & jobs\n");
  expect(await person.until("% ")).toMatch(/130\r\n.*Running.*sleep 1000/s);
  await person.type("\x04");
  expect(await shell).toMatchObject({ exitCode: 0, signal: null });
});
