import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { RestartPolicy } from "@a3s/core";
import { expect, onTestFinished, test } from "vitest";
import { boxSetting, RUN_AT, run } from "../../test/box-setting.ts";
import { createRuntime, type Runtime } from "../runtime/runtime.ts";

/** What a supervisor says of its boxes, from the call on. */
function hear(runtime: Runtime) {
  const end = new AbortController();
  onTestFinished(() => end.abort());
  const events = runtime.events.stream({ signal: end.signal });
  const seen: string[] = [];
  return {
    seen,
    /** Until it has said so. */
    async until(wanted: string): Promise<void> {
      for (;;) {
        const { value, done } = await events.next();
        if (done || value === undefined || value.name === "gap") throw new Error(`${wanted} was not said`);
        if (!value.name.startsWith("box.rest") && value.name !== "box.error") continue;
        const { id: _, error: __, ...rest } = value.payload as unknown as Record<string, unknown>;
        seen.push([value.name, ...Object.values(rest)].join(" "));
        if (seen.at(-1) === wanted) return;
      }
    },
  };
}

/** A box whose run has ended with 3, and which cannot be started again. */
async function endedBox({ home, image, runtime }: Awaited<ReturnType<typeof boxSetting>>, restart: RestartPolicy) {
  const source = join(home, "..", "shared");
  await mkdir(source, { recursive: true });
  const box = await runtime.boxes.create({ image, restart, volumes: [{ source, target: "/shared" }] });
  await rm(source, { recursive: true });
  await run(home, box.id, "running", RUN_AT);
  return box;
}

test("a home has one supervisor, which every process can see, and another one after that", async () => {
  const { home, image, runtime } = await boxSetting();
  const box = await runtime.boxes.create({ image });
  expect(await box.inspect()).toMatchObject({ supervised: false });
  const supervisor = await runtime.supervise();
  expect(await box.inspect()).toMatchObject({ supervised: true });
  await expect(createRuntime({ home }).supervise()).rejects.toMatchObject({ code: "SUPERVISOR_RUNNING" });
  await supervisor[Symbol.asyncDispose]();
  await supervisor.ended;
  expect(await box.inspect()).toMatchObject({ supervised: false });
  const end = new AbortController();
  const other = await createRuntime({ home }).supervise({ signal: end.signal });
  end.abort();
  await other.ended;
  await expect(runtime.supervise({ signal: AbortSignal.abort(new Error("enough")) })).rejects.toThrow("enough");
});

test("a box that fails is started again as often as its policy says, and each failed start counts", async () => {
  const setting = await boxSetting();
  const box = await endedBox(setting, "on-failure:2");
  const { seen, until } = hear(setting.runtime);
  await using _supervisor = await setting.runtime.supervise();
  await until("box.resting exhausted");
  expect(seen).toEqual([
    "box.restarting 0 1",
    "box.error",
    "box.restarting 100 2",
    "box.error",
    "box.resting exhausted",
  ]);
  const inspected = await box.inspect();
  expect(inspected).toMatchObject({ state: "stopped", restarts: 2, supervised: true, exit: { exitCode: null } });
  expect(inspected.nextStartAt).toBeUndefined();
  const told = await Array.fromAsync(createRuntime({ home: setting.home }).history());
  expect(told.filter(({ event }) => event.startsWith("box.rest"))).toMatchObject([
    { event: "box.restarting", name: box.name, delayMs: 0, restart: 1 },
    { event: "box.restarting", delayMs: 100, restart: 2 },
    { event: "box.resting", why: "exhausted" },
  ]);
});

test("a box that somebody stops while it waits for its restart stays stopped", async () => {
  const setting = await boxSetting();
  const { runtime } = setting;
  const box = await endedBox(setting, "always");
  const { seen, until } = hear(runtime);
  await using _supervisor = await runtime.supervise();
  // Seconds are enough for what follows on any machine.
  await until("box.restarting 3200 7");
  expect(seen.filter((line) => line.startsWith("box.restarting")).map((line) => line.split(" ")[1])).toEqual([
    ...["0", "100", "200", "400", "800", "1600", "3200"],
  ]);
  expect(await runtime.boxes.list()).toMatchObject([{ id: box.id, nextStartAt: expect.stringMatching(/Z$/) }]);
  expect(await runtime.boxes.prune()).toEqual([]);
  await box.stop();
  await until("box.resting asked");
  expect(await box.inspect()).toMatchObject({ state: "stopped", restarts: 6 });
  expect((await box.inspect()).nextStartAt).toBeUndefined();
  expect(await runtime.boxes.prune()).toEqual([box.id]);
}, 60_000);

test("what somebody stopped, a new supervisor starts with `always` alone; what has no policy is left", async () => {
  const setting = await boxSetting();
  const policies = ["no", "on-failure", "unless-stopped", "always"] as const;
  const boxes = [];
  for (const policy of policies) boxes.push(await endedBox(setting, policy));
  for (const box of boxes) await box.stop();
  const restarting = new Promise<string>((resolve) => {
    setting.runtime.events.on("box.restarting", ({ id }) => resolve(id));
  });
  await using _supervisor = await setting.runtime.supervise();
  expect(await restarting).toBe(boxes[3]?.id);
  for (const box of boxes.slice(0, 3)) expect(await box.inspect()).toMatchObject({ state: "stopped", restarts: 0 });
});

test("a box that comes later is looked after as well, and a start that somebody asked for and saw fail is theirs", async () => {
  const setting = await boxSetting();
  const { runtime } = setting;
  const { seen, until } = hear(runtime);
  await using _supervisor = await runtime.supervise();
  const box = await endedBox(setting, "on-failure:1");
  await until("box.resting exhausted");
  expect(seen[0]).toBe("box.restarting 100 1");
  await expect(box.start()).rejects.toMatchObject({ code: "VOLUME_INVALID" });
  await until("box.resting asked");
  expect(await box.inspect()).toMatchObject({ state: "stopped", restarts: 0 });
  await box.remove();
});

test("a supervisor ends with its home", async () => {
  const { home, runtime } = await boxSetting();
  const supervisor = await runtime.supervise();
  await rm(home, { recursive: true });
  await supervisor.ended;
});
