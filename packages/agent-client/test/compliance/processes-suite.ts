import { describe, expect, test } from "vitest";
import type { Held } from "./agent-subject.ts";

/** Processes for callers other than those that started them. */
export function processesSuite(held: Held): void {
  describe("processes", () => {
    test("another client sees, signals and awaits a process", async () => {
      await using other = held.subject.connect();
      await using process = held.client.exec(["sleep", "1000"]);
      const { id, pid } = await process.started;
      expect(await other.processes.list()).toContainEqual({
        ...{ id, pid, argv: ["sleep", "1000"], user: "", tty: false, detached: false, main: false },
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

    test("others join a detached process, where the agent lets them", async () => {
      const { traits, client } = held;
      const process = client.exec("read -r line; echo got $line; exit 4", { stdin: true, detached: true });
      const { id } = await process.started;
      const attached = client.processes.attach(id);
      if (traits.attaches) {
        await attached.started;
        await process.stdin?.getWriter().write("a line\n");
        const result = await attached;
        expect([result.exitCode, result.text()]).toEqual([4, "got a line\n"]);
      } else await expect(attached).rejects.toMatchObject({ code: "AGENT_CALL_FAILED" });
      await client.processes.kill(id).catch(() => {});
    });

    test("kill asks first within its grace", async () => {
      await using process = held.client.exec("trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done");
      await process.stdout.getReader().read();
      const { id } = await process.started;
      expect(await held.client.processes.kill(id, { graceMs: 600_000 })).toMatchObject({ exitCode: 5 });
    });

    test("what is not known is PROCESS_UNKNOWN, a wait can be given up", async () => {
      const { processes } = held.client;
      for (const call of [processes.wait(1e9), processes.kill(1e9), processes.signal(1e9, 9)]) {
        await expect(call).rejects.toMatchObject({ code: "PROCESS_UNKNOWN" });
      }
      await expect(processes.signal(1, 99)).rejects.toMatchObject({ code: "EXEC_INVALID" });
      await using process = held.client.exec(["sleep", "1000"]);
      const { id } = await process.started;
      await expect(processes.wait(id, { timeoutMs: 50 })).rejects.toMatchObject({ code: "DEADLINE_EXCEEDED" });
      const controller = new AbortController();
      const waiting = processes.wait(id, { signal: controller.signal });
      controller.abort("enough");
      await expect(waiting).rejects.toBe("enough");
    });
  });
}
