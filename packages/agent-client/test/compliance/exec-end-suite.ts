import { describe, expect, test } from "vitest";
import type { ExecEvent, ExecProcess } from "../../src/index.ts";
import type { Held } from "./agent-subject.ts";

/** How commands end: by signals, by limits, by the end of their call. */
export function execEndSuite(held: Held): void {
  /** A signal that comes before the shell sleeps is not missed, and does not wait for the end of the sleep. */
  const WAIT = "while :; do sleep 0.01; done";
  const STUBBORN = "trap '' TERM; echo running; sleep 1000; sleep 1000";
  const gone = async (process: ExecProcess) => held.client.processes.wait((await process.started).id);

  async function running(process: ExecProcess): Promise<AsyncGenerator<ExecEvent, void, undefined>> {
    const events = process[Symbol.asyncIterator]();
    for (;;) {
      const { done, value } = await events.next();
      if (done || value.type === "stdout") return events;
    }
  }

  describe("the end of a command", () => {
    test.each([
      ["SIGTERM", 143],
      ["SIGKILL", 137],
      ["SIGUSR1", 138],
    ] as const)("kill(%s) ends it with %i and names the signal", async (signal, exitCode) => {
      const process = held.client.exec("echo running; sleep 1000");
      const events = await running(process);
      expect(process.kill(signal)).toBe(true);
      expect(await events.next()).toMatchObject({ value: { type: "exit", exitCode, signal } });
      expect((await events.next()).done).toBe(true);
      expect(process.kill()).toBe(false);
    });

    test("a command that kills itself is 128 + N, one that says so is not a signal", async () => {
      expect(await held.client.exec("kill -9 $$")).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
      expect(await held.client.exec("exit 137")).toMatchObject({ exitCode: 137, signal: null });
    });

    test("a command may handle a signal and go on", async () => {
      const process = held.client.exec(`trap 'echo caught; exit 9' HUP; echo running; ${WAIT}`);
      const events = await running(process);
      process.kill("SIGHUP");
      const rest = await Array.fromAsync(events);
      const output = rest.filter((event) => event.type === "stdout").map((event) => event.data);
      expect(Buffer.concat(output).toString()).toBe("caught\n");
      expect(rest.at(-1)).toMatchObject({ type: "exit", exitCode: 9, signal: null });
    });

    test("kill overtakes stdin that the command does not read", async () => {
      const process = held.client.exec(["sleep", "1000"], { stdin: new Uint8Array(8 * 1024 * 1024) });
      await process.started;
      expect(process.kill()).toBe(true);
      expect(await process).toMatchObject({ exitCode: 143, signal: "SIGTERM" });
    });

    test("timeoutMs kills it; the result says so and has the output up to there", async () => {
      const result = await held.client.exec(STUBBORN, { timeoutMs: 500 * held.traits.slowness });
      expect(result).toMatchObject({ exitCode: 137, signal: "SIGKILL", timedOut: true, ok: false });
      expect(result.text()).toBe("running\n");
      expect(() => result.orThrow()).toThrow(expect.objectContaining({ code: "EXEC_TIMED_OUT" }));
      expect((await held.client.exec(["true"], { timeoutMs: 600_000 })).timedOut).toBe(false);
    });

    test("killGraceMs lets it end by itself after timeoutMs, and stopSignal asks it alone", async () => {
      const script = `trap 'echo ending; exit 0' TERM; ${WAIT}`;
      const bounds = { timeoutMs: 500 * held.traits.slowness, killGraceMs: 600_000 };
      const result = await held.client.exec(script, bounds);
      expect(result).toMatchObject({ exitCode: 0, signal: null, timedOut: true });
      expect(result.text()).toBe("ending\n");
      const asked = await held.client.exec("exec sleep 1000", { ...bounds, stopSignal: "SIGUSR2" });
      expect(asked).toMatchObject({ exitCode: 140, signal: "SIGUSR2", timedOut: true });
    });

    test("a grace that is over ends what ignores it", async () => {
      const process = held.client.exec(STUBBORN);
      await running(process);
      const { id } = await process.started;
      expect(await held.client.processes.kill(id, { graceMs: 100 })).toMatchObject({ signal: "SIGKILL" });
    });

    test("aborting rejects with the reason and kills the command", async () => {
      const controller = new AbortController();
      const process = held.client.exec(STUBBORN, { signal: controller.signal });
      const events = await running(process);
      const ended = gone(process);
      const pending = events.next();
      controller.abort("enough");
      await expect(pending).rejects.toBe("enough");
      expect(await ended).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
      await expect(held.client.exec(["true"], { signal: AbortSignal.abort("before") })).rejects.toBe("before");
    });

    test("a command that reads nothing of a large stdin is still ended by an abort", async () => {
      const controller = new AbortController();
      const stdin = new Uint8Array(8 * 1024 * 1024);
      const process = held.client.exec(STUBBORN, { signal: controller.signal, stdin });
      await running(process);
      const ended = gone(process);
      controller.abort("enough");
      expect(await ended).toMatchObject({ signal: "SIGKILL" });
      await expect(process).rejects.toBe("enough");
    });

    test("leaving the iteration, and going out of scope, kill it", async () => {
      const left = held.client.exec(STUBBORN);
      let ended: ReturnType<typeof gone> | undefined;
      for await (const event of left) {
        if (event.type === "started") ended = gone(left);
        if (event.type === "stdout") break;
      }
      await expect(left).rejects.toMatchObject({ code: "EXEC_DISPOSED" });
      expect(await ended).toMatchObject({ signal: "SIGKILL" });
      {
        await using scoped = held.client.exec(STUBBORN);
        await running(scoped);
        ended = gone(scoped);
      }
      expect(await ended).toMatchObject({ signal: "SIGKILL" });
    });

    test("a client that is gone ends its commands, except those that are detached", async () => {
      const client = held.subject.connect();
      const [attached, detached] = [false, true].map((detached) => client.exec(STUBBORN, { detached }));
      const ids = await Promise.all([attached, detached].map(async (process) => (await process?.started)?.id ?? 0));
      attached?.then(undefined, () => {});
      detached?.then(undefined, () => {});
      const [attachedId = 0, detachedId = 0] = ids;
      const ended = held.client.processes.wait(attachedId);
      await client[Symbol.asyncDispose]();
      expect(await ended).toMatchObject({ signal: "SIGKILL" });
      expect(await held.client.processes.list()).toContainEqual(
        expect.objectContaining({ id: detachedId, detached: true }),
      );
      expect(await held.client.processes.kill(detachedId)).toEqual({
        exitCode: 137,
        signal: "SIGKILL",
        timedOut: false,
      });
    });

    test("a client that goes in mid-stream ends a command whose output does not, unless it is detached", async () => {
      const client = held.subject.connect();
      const endless = "echo running; while :; do echo more; sleep 0.01; done";
      const [attached, detached] = await Promise.all(
        [false, true].map(async (detached) => {
          const process = client.exec(endless, { detached });
          await running(process);
          return (await process.started).id;
        }),
      );
      const ended = held.client.processes.wait(attached ?? 0);
      await client[Symbol.asyncDispose]();
      expect(await ended).toMatchObject({ exitCode: 137, signal: "SIGKILL" });
      expect(await held.client.processes.kill(detached ?? 0)).toMatchObject({ signal: "SIGKILL" });
    });
  });
}
