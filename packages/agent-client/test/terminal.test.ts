import { afterAll, beforeAll, expect, test } from "vitest";
import type { ExecProcess } from "../src/index.ts";
import { type RealAgent, startRealAgent } from "./real-agent.ts";

let agent: RealAgent;
beforeAll(async () => {
  agent = await startRealAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

/** A person at the terminal: types, and reads until something is shown. */
function sitAt(process: ExecProcess) {
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = process.stdin?.getWriter();
  let seen = "";
  return {
    type: (text: string) => writer?.write(text),
    close: () => writer?.close(),
    async until(text: string) {
      while (!seen.includes(text)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`${JSON.stringify(text)} does not come after ${JSON.stringify(seen)}`);
        seen += value;
      }
      const end = seen.indexOf(text) + text.length;
      const read = seen.slice(0, end);
      seen = seen.slice(end);
      return read;
    },
  };
}

test("a command finds a terminal of 80 by 24, or of the size that was asked for", async () => {
  const script = "tty; stty size; echo $TERM; echo err >&2";
  const { stdout, stderr } = await agent.client.exec(script, { tty: true });
  expect(Buffer.from(stdout).toString()).toMatch(/^\/dev\/pts\/\d+\r\n24 80\r\nxterm-256color\r\nerr\r\n$/);
  expect(stderr).toHaveLength(0);
  const other = await agent.client.exec("stty size", { tty: { columns: 132, rows: 43 } });
  expect(other.text()).toBe("43 132\r\n");
});

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

test("Ctrl-C in the stdin of a command is SIGINT: 130", async () => {
  await using process = agent.client.exec("echo ready; exec cat", { tty: true });
  const person = sitAt(process);
  await person.until("ready");
  await person.type("\x03");
  expect(await process).toMatchObject({ exitCode: 130, signal: "SIGINT" });
});

test("a source of stdin is typed, and its end is Ctrl-D", async () => {
  for (const stdin of ["one\ntwo\n", "one\ntwo"]) {
    const { exitCode, stdout } = await agent.client.exec("stty -echo; cat; echo end", { tty: true, stdin });
    expect(exitCode).toBe(0);
    expect(Buffer.from(stdout).toString().replaceAll("\r\n", "\n").endsWith(`${stdin}end\n`)).toBe(true);
  }
});

test("the end of the call hangs up", async () => {
  await using process = agent.client.exec("trap '' HUP; echo ready; read line; sleep 1000", { tty: true });
  await sitAt(process).until("ready");
  const { id } = await process.started;
  const ended = agent.client.processes.wait(id);
  await process[Symbol.asyncDispose]();
  expect(await ended).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
});

test("64 KiB of raw bytes pass a raw terminal unchanged", async () => {
  const length = 64 * 1024;
  const script = `stty raw -echo; echo ready; head -c ${length}`;
  await using process = agent.client.exec(script, { tty: true });
  const reader = process.stdout.getReader();
  const parts: Uint8Array[] = [(await reader.read()).value as Uint8Array];
  expect(Buffer.concat(parts).toString()).toBe("ready\n");
  const bytes = Uint8Array.from({ length }, (_, index) => index % 251);
  void process.stdin?.getWriter().write(bytes);
  parts.length = 0;
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read())
    parts.push(value as Uint8Array);
  expect(Buffer.compare(Buffer.concat(parts), bytes)).toBe(0);
});

test("a process without a terminal has no size", async () => {
  await using process = agent.client.exec(["sleep", "1000"]);
  await expect(process.resize({ columns: 80, rows: 24 })).rejects.toMatchObject({ code: "AGENT_CALL_FAILED" });
  await expect(process.resize({ columns: 0, rows: 24 })).rejects.toMatchObject({ code: "EXEC_INVALID" });
});
