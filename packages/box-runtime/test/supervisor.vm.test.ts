import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { type Box, type BoxConfigInput, type BoxesEvents, createRuntime } from "../src/index.ts";
import { exampleConfig } from "./example-box.ts";
import { runtimeForEach } from "./test-home.ts";

const at = runtimeForEach();
const config = (more: Partial<BoxConfigInput>) => exampleConfig({ stopGraceMs: 5000, ...more });
const waits = ["sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"];

/** What this runtime's supervisor says next of an event. */
function next<Name extends keyof BoxesEvents>(name: Name): Promise<BoxesEvents[Name]> {
  return new Promise((resolve) => {
    const listening = at.runtime.events.on(name, (payload) => {
      listening[Symbol.dispose]();
      resolve(payload);
    });
  });
}

/** A supervisor in a process of its own, which says what it does. */
async function supervisorElsewhere() {
  const program = fileURLToPath(new URL("supervise.mjs", import.meta.url));
  const child = spawn(process.execPath, [program, at.home], { stdio: ["ignore", "pipe", "inherit"] });
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  const until = async (wanted: string) => {
    for (;;) {
      const { value, done } = await lines.next();
      if (done) throw new Error(`the supervisor ended before it said ${wanted}`);
      if (value === wanted) return;
    }
  };
  await until("supervising");
  return {
    until,
    async kill() {
      const closed = once(child, "close");
      child.kill("SIGKILL");
      await closed;
    },
  };
}

async function restartsOf(box: Box): Promise<number> {
  return (await box.inspect()).restarts;
}

test("a box that fails is started again as often as its policy says, and one that somebody stops stays stopped", async () => {
  await using _supervisor = await at.runtime.supervise();
  const delays: number[] = [];
  using _listening = at.runtime.events.on("box.restarting", ({ delayMs }) => delays.push(delayMs));
  const resting = next("box.resting");
  // More of them, and their delays, need no VM: supervisor.test.ts.
  await using failing = await at.runtime.boxes.run(
    config({ command: ["sh", "-c", "exit 3"], restart: "on-failure:1" }),
  );
  expect(await resting).toMatchObject({ id: failing.id, why: "exhausted" });
  expect(delays).toEqual([100]);
  expect(await failing.inspect()).toMatchObject({ state: "stopped", restarts: 1, exit: { exitCode: 3 } });

  const stopped = next("box.resting");
  await using box = await at.runtime.boxes.run(config({ command: waits, restart: "always" }));
  expect(await box.stop()).toMatchObject({ exitCode: 7 });
  expect(await stopped).toMatchObject({ id: box.id, why: "asked" });
  expect(await box.inspect()).toMatchObject({ state: "stopped", restarts: 0 });
});

test("a supervisor that is killed, also in the middle of a start, leaves what the next one goes on with", async () => {
  const first = await supervisorElsewhere();
  await using box = await at.runtime.boxes.run(config({ command: waits, restart: "unless-stopped" }));
  await first.until("box.supervised");
  await box.exec(["true"]).orThrow();
  const running = await box.inspect();
  await first.kill();
  expect(await box.inspect()).toMatchObject({ state: "running", supervised: false, pid: running.pid });

  const second = await supervisorElsewhere();
  await second.until("box.supervised");
  // As a fault from outside ends it: nobody has asked for it.
  process.kill(running.pid as number, "SIGKILL");
  await second.until("box.restarting");
  await second.until("box.stage");
  await second.kill();

  const supervised = next("box.supervised");
  await using _third = await at.runtime.supervise();
  expect(await supervised).toEqual({ id: box.id });
  expect(await box.inspect()).toMatchObject({ state: "running", supervised: true });
  expect(await restartsOf(box)).toBeGreaterThan(0);
  const killed = next("box.resting");
  await box.kill();
  expect(await killed).toMatchObject({ id: box.id, why: "asked" });
  expect(await box.inspect()).toMatchObject({ state: "stopped", exit: { exitCode: 137 } });
});

test("a box is healthy, unhealthy and healthy again as its checks say, in any process, and is stopped when its time is over", async () => {
  await using _supervisor = await at.runtime.supervise();
  const healthCheck = { test: ["cat", "/tmp/well"], intervalMs: 100, retries: 2, timeoutMs: 60_000 };
  const start = next("box.health");
  await using box = await at.runtime.boxes.run(config({ command: waits, healthCheck, restart: "always" }));
  const other = createRuntime({ home: at.home });
  expect((await other.boxes.list())[0]?.health).toMatch(/starting|unhealthy/);
  expect(await start).toMatchObject({ id: box.id, health: { status: "unhealthy", failingStreak: 2 } });
  const well = next("box.health");
  await box.files.writeFile("/tmp/well", "well\n");
  expect(await well).toMatchObject({ health: { status: "healthy", failingStreak: 0 } });
  await using found = await other.boxes.get(box.id);
  const seen = await found.inspect();
  expect(seen).toMatchObject({ health: "healthy", healthChecks: { status: "healthy" }, supervised: true });
  expect(seen.healthChecks?.checks.at(-1)).toMatchObject({ exitCode: 0, output: "well\n" });
  expect(seen.healthChecks?.checks[0]?.output).toContain("/tmp/well");
  const ill = next("box.health");
  await box.files.rm("/tmp/well");
  expect(await ill).toMatchObject({ health: { status: "unhealthy", failingStreak: 2 } });
  // Unhealthy is no end.
  expect(await box.inspect()).toMatchObject({ state: "running", restarts: 0 });

  const [expired, resting] = [next("box.expired"), next("box.resting")];
  await box.update({ lifetimeMs: 1 });
  expect(await expired).toEqual({ id: box.id });
  expect(await box.wait()).toMatchObject({ exitCode: 7 });
  expect(await resting).toMatchObject({ id: box.id, why: "asked" });
  expect(await box.inspect()).toMatchObject({ state: "stopped", restarts: 0 });
});
