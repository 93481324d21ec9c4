import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { POWER_OFF_MS } from "./stop-guest.ts";

const AGENT = new URL("../../../../native/guest-agent/src/", import.meta.url);

async function agentSeconds(file: string, constant: string): Promise<number> {
  const source = await readFile(new URL(file, AGENT), "utf8");
  const [, seconds] = new RegExp(`const ${constant}: Duration = Duration::from_secs\\((\\d+)\\);`).exec(source) ?? [];
  return Number(seconds);
}

test("the host waits for all of the agent's deadlines, and 5 s more to write disks back and power off", async () => {
  const seconds = await Promise.all([
    agentSeconds("shutdown.rs", "KILL_DEADLINE"),
    agentSeconds("exec/main_process.rs", "DRAIN_DEADLINE"),
    agentSeconds("shutdown.rs", "FAREWELL_DEADLINE"),
  ]);
  const agentMs = 1000 * seconds.reduce((sum, each) => sum + each, 0);
  expect(POWER_OFF_MS - agentMs).toBe(5000);
});
