import { expect, test } from "vitest";
import { doubleAgent } from "./fake-agent.ts";

test.each<[string, { code: number; signal: number } | undefined]>([
  ["no end", undefined],
  ["an exit code that is none", { code: 256, signal: 0 }],
  ["a signal that does not fit", { code: 1, signal: 9 }],
])("a hostile agent that answers %s breaks the protocol", async (_name, exited) => {
  await using hostile = await doubleAgent({
    methods: { processes: { waitProcess: () => (exited === undefined ? {} : { exited }) } },
  });
  await expect(hostile.client.processes.wait(1)).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
});

test("a list without end, and one of hostile texts, are bounded", { timeout: 60_000 }, async () => {
  await using endless = await doubleAgent({
    methods: {
      processes: {
        async *listProcesses() {
          for (let id = 0n; ; id++) yield { id };
        },
      },
    },
  });
  await expect(endless.client.processes.list()).rejects.toMatchObject({ code: "AGENT_PROTOCOL_VIOLATION" });
  await using hostile = await doubleAgent({
    methods: {
      processes: {
        async *listProcesses() {
          yield { argv: ["\x1b[2J", ..."x".repeat(20_000)], user: "\u202eroot", startedAt: { seconds: 1n << 60n } };
        },
      },
    },
  });
  const [listed] = await hostile.client.processes.list();
  expect(listed?.argv[0]).toBe("[2J");
  expect(listed?.argv.length).toBeLessThan(4097);
  expect(listed?.user).toBe("root");
  expect(listed?.startedAt).toEqual(new Date(0));
});
