import { describe, expect, test } from "vitest";
import { sitAt } from "../person.ts";
import type { Held } from "./agent-subject.ts";

/** Commands on terminals of their own. */
export function terminalSuite(held: Held): void {
  describe("a terminal", () => {
    test("is 80 by 24, or of the size that was asked for, and its output is all stdout", async () => {
      const script = "tty; stty size; echo $TERM; echo err >&2";
      const { stdout, stderr } = await held.client.exec(script, { tty: true });
      expect(Buffer.from(stdout).toString()).toMatch(/^\/dev\/pts\/\d+\r\n24 80\r\nxterm-256color\r\nerr\r\n$/);
      expect(stderr).toHaveLength(0);
      const other = await held.client.exec("stty size", { tty: { columns: 132, rows: 43 } });
      expect(other.text()).toBe("43 132\r\n");
    });

    test("is resized while the command runs", async () => {
      await using process = held.client.exec("echo ready; read line; stty size; exit 4", { tty: true });
      const person = sitAt(process);
      await person.until("ready\r\n");
      expect(await process.resize({ columns: 100, rows: 30 })).toBe(true);
      await person.type("\n");
      await person.until("30 100\r\n");
      expect(await process).toMatchObject({ exitCode: 4 });
      expect(await process.resize({ columns: 1, rows: 1 })).toBe(false);
    });

    test("shows what is typed; Ctrl-C is SIGINT, Ctrl-D an end", async () => {
      await using process = held.client.exec("echo ready; exec cat", { tty: true });
      const person = sitAt(process);
      await person.until("ready\r\n");
      await person.type("mirror\n");
      await person.until("mirror\r\nmirror\r\n");
      await person.type("\x03");
      expect(await process).toMatchObject({ exitCode: 130, signal: "SIGINT" });
      await using other = held.client.exec("cat; echo end; exit 3", { tty: true });
      await sitAt(other).type("\x04");
      expect(await other).toMatchObject({ exitCode: 3 });
    });

    test("a source of stdin is typed, and its end is Ctrl-D", async () => {
      for (const stdin of ["one\ntwo\n", "one\ntwo"]) {
        const { exitCode, stdout } = await held.client.exec("stty -echo; cat; echo end", { tty: true, stdin });
        expect(exitCode).toBe(0);
        expect(Buffer.from(stdout).toString().replaceAll("\r\n", "\n").endsWith(`${stdin}end\n`)).toBe(true);
      }
    });

    test("hangs up with its call, and kills what ignores that", async () => {
      await using process = held.client.exec("trap '' HUP; echo ready; sleep 1000", { tty: true });
      await sitAt(process).until("ready");
      const ended = held.client.processes.wait((await process.started).id);
      await process[Symbol.asyncDispose]();
      expect(await ended).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
    });

    test("raw bytes pass a raw terminal unchanged", async () => {
      const length = 64 * 1024;
      await using process = held.client.exec(`stty raw -echo; echo ready; head -c ${length}`, { tty: true });
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

    test("a process without one has no size", async () => {
      await using process = held.client.exec(["sleep", "1000"]);
      await expect(process.resize({ columns: 80, rows: 24 })).rejects.toMatchObject({ code: "AGENT_CALL_FAILED" });
      await expect(process.resize({ columns: 0, rows: 24 })).rejects.toMatchObject({ code: "EXEC_INVALID" });
    });
  });
}
