import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Random, takeCensus, waitForExit } from "@a3s/testing";
import { expect, test } from "vitest";
import { createRuntime, type Runtime } from "../src/index.ts";
import { exampleConfig } from "./example-box.ts";
import { expectSound, live, recordedPids } from "./killed-box.ts";

const soak = process.env["A3S_SOAK"] === "1";
const ROUNDS = soak ? 100 : 6;
/** Points of a life, and within how many ms after each its process is killed: much of what takes long is the guest's. */
const MOMENTS = [
  ["copy", 6000],
  ["start", 300],
  ["spawn", 500],
  ["kernel", 4000],
  ["guest", 1000],
  ["health", 500],
  ["start done", 50],
  ["exec", 300],
  ["stop", 1500],
  ["kill", 1500],
  ["remove", 500],
] as const;
/** It ends with 7 when it is asked to, or by the signal before it has said so. */
const command = ["sh", "-c", "trap 'exit 7' TERM; while :; do sleep 0.05; done"];

/** Waits for the VMs that no box has, which are on their way out; fails when one stays. */
async function expectNoOrphans(runtime: Runtime): Promise<void> {
  const recorded = await recordedPids(runtime);
  for (const line of (await takeCensus(runtime.home.home)).processes) {
    const pid = line.split(" ")[0] as string;
    if (!recorded.includes(pid)) await waitForExit(Number(pid), 20_000);
  }
  const found = (await takeCensus(runtime.home.home)).processes.map((line) => line.split(" ")[0]);
  expect(found.toSorted()).toEqual(recorded);
}

test("whatever moment of a box's life its process is killed at, its VM is found or gone, and its end is known or unknown but never wrong", {
  timeout: ROUNDS * 60_000,
}, async () => {
  const random = Random.fromEnvironment();
  const home = await mkdtemp(join(tmpdir(), "a3s-home-"));
  const runtime = createRuntime({ home });
  const before = await takeCensus(home);
  const config = {
    ...exampleConfig({ stopGraceMs: 5000, command }),
    volumes: [{ source: "data", target: "/data" }],
  };
  for (let round = 0; round < ROUNDS; round++) {
    const [at, withinMs] = random.pick(MOMENTS);
    const kill = { at, delayMs: random.next() * withinMs };
    const end = at === "kill" || at === "remove" ? at : "stop";
    const name = `box-${round}`;
    // It takes a boot of its own, and a disk to copy to: for the rounds that are about it.
    const disk = at === "copy" ? { diskMib: 32 } : {};
    const steps = ["create", ...(at === "copy" ? [at] : []), "start", "exec", end];
    const said = await live({ home, config: { ...config, ...disk }, name, steps, kill });
    console.log(`round ${round}: killed ${Math.round(kill.delayMs)} ms after ${at}`);
    const box = await expectSound(runtime, said);
    const points = said.map((one) => one.at);
    await expectNoOrphans(runtime);
    if (box?.state === "running") {
      await using found = await runtime.boxes.get(name);
      expect((await found.exec(["true"])).exitCode).toBe(0);
      await found.kill();
      expect(await found.wait()).toMatchObject({ exitCode: 137 });
    } else if (box?.state === "stopped") {
      const possible = [null, ...(points.includes("stop") ? [7, 143] : []), ...(points.includes("kill") ? [137] : [])];
      expect(possible).toContain(box.exit?.exitCode ?? null);
    }
    if (points.includes("start done") && !points.includes(end)) expect(box?.state).toBe("running");
    if (points.includes("stop done")) expect(box?.exit?.exitCode).toBe(said.at(-1)?.exitCode);
    if (box !== undefined) await runtime.boxes.remove(name, { force: true, volumes: true });
    await runtime.open();
    const { processes, sockets, mounts } = await takeCensus(home);
    expect({ processes, sockets, mounts }).toEqual({
      processes: before.processes,
      sockets: before.sockets,
      mounts: before.mounts,
    });
  }
  await rm(home, { recursive: true, force: true });
});
