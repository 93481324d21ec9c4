import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { newBoxId, withFileLock } from "@a3s/core";
import { LowerStore } from "@a3s/rootfs";
import { expect, test } from "vitest";
import { boxSetting, RUN_AT, run } from "../../test/box-setting.ts";
import { createBoxDirectories } from "../boot/box-directories.ts";
import { createRuntime } from "../runtime/runtime.ts";

test.each([
  ["created", undefined, "created", undefined],
  ["starting", undefined, "stopped", null],
  ["starting", RUN_AT, "stopped", 3],
  ["running", undefined, "stopped", null],
  ["running", RUN_AT, "stopped", 3],
  ["stopping", undefined, "stopped", null],
  ["stopping", RUN_AT, "stopped", 3],
  ["removing", RUN_AT, undefined, undefined],
] as const)("a box that somebody left %s, its run's end recorded as of %s, is %s with exit code %s", async (...row) => {
  const [intent, exitAt, state, exitCode] = row;
  const { home, image, runtime } = await boxSetting();
  const { id } = await runtime.boxes.create({ image });
  if (intent !== "created") await run(home, id, intent, exitAt);
  await mkdir(join(home, "run", id), { recursive: true });
  await writeFile(join(home, "run", id, "agent.sock"), "");
  await writeFile(join(home, "boxes", id, "box.json.0123456789ab.tmp"), "{");

  await runtime.open();
  const [box] = await runtime.boxes.list();
  expect([box?.state, box?.exit?.exitCode]).toEqual([state, exitCode]);
  expect(await readdir(join(home, "run"))).toEqual([]);
  expect([...(await (await LowerStore.open(runtime.home.rootfs)).pinOwners())]).toEqual(
    state === undefined ? [] : [id],
  );
  if (state === undefined) return expect(existsSync(join(home, "boxes", id))).toBe(false);
  expect((await readdir(join(home, "boxes", id))).filter((name) => name.endsWith(".tmp"))).toEqual([]);
  const { generation } = JSON.parse(await readFile(join(home, "boxes", id, "box.json"), "utf8"));
  // A second look finds nothing to do.
  await runtime.open();
  expect(await (await runtime.boxes.get(id)).inspect()).toMatchObject({ generation });
});

test("a start whose record names no VM at all is over", async () => {
  const { home, image, runtime } = await boxSetting();
  const { id } = await runtime.boxes.create({ image });
  const path = join(home, "boxes", id, "box.json");
  await writeFile(path, (await readFile(path, "utf8")).replace('"created"', '"starting"'));
  await runtime.open();
  expect(await runtime.boxes.list()).toMatchObject([{ id, state: "stopped", exit: { exitCode: null } }]);
});

test.each(["opened-0123456789ab", "opened-0123456789ab.over"])(
  "of a copy that was cut short, %s goes, and nothing of the box with it",
  async (name) => {
    const { home, image, runtime } = await boxSetting();
    const { id } = await runtime.boxes.create({ image });
    await run(home, id, "running", RUN_AT);
    await (await runtime.boxes.get(id)).inspect();
    const [before] = await runtime.boxes.list();
    const directory = join(home, "boxes", id);
    await mkdir(join(directory, name));
    const state = { version: 1, pid: 2, vmPid: 3, startTime: "1", executable: "/vm-host", startedAt: RUN_AT, jail: [] };
    await writeFile(join(directory, name, "vm.json"), JSON.stringify(state), { mode: 0o600 });
    await mkdir(join(home, "run", id), { recursive: true });
    await runtime.open();
    expect(await readdir(directory)).toEqual(["box.json"]);
    expect(await readdir(join(home, "run"))).toEqual([]);
    expect(await runtime.boxes.list()).toEqual([before]);
  },
);

test("what somebody is at is left to them", async () => {
  const { home, image, runtime } = await boxSetting();
  const { id } = await runtime.boxes.create({ image });
  await run(home, id, "starting", undefined);
  await mkdir(join(home, "boxes/.locks"), { recursive: true });
  await withFileLock(join(home, "boxes/.locks", id), undefined, async () => {
    const other = createRuntime({ home });
    await other.open();
    expect(await other.boxes.list()).toMatchObject([{ id, state: "starting" }]);
    expect(await other.boxes.prune()).toEqual([]);
  });
  expect(await runtime.boxes.list()).toMatchObject([{ id, state: "stopped" }]);
});

test("what was left without a box is removed: sockets, locks, half boxes, pins and boxes of dead processes", async () => {
  const { home, image, runtime } = await boxSetting();
  const kept = await runtime.boxes.create({ image, volumes: [{ source: "data", target: "/data" }] });
  const { chainId } = await kept.inspect();
  const roots = await LowerStore.open(runtime.home.rootfs);
  const [gone, dead, empty] = [newBoxId(), newBoxId(), newBoxId()];
  await roots.pin(chainId, gone);
  await runtime.volumes.pin(["data", "other"], gone);
  for (const path of [`run/${gone}`, `run/${dead}`, `boxes/${dead}`, `boxes/${empty}`, `boxes/.staging/half/x`]) {
    await mkdir(join(home, path), { recursive: true });
  }
  await writeFile(join(home, "boxes", dead, "creator.lock"), "");
  await mkdir(join(home, "boxes/.locks"), { recursive: true });
  await withFileLock(join(home, "boxes/.locks", gone), undefined, async () => {});
  await using living = await createBoxDirectories(runtime.home, newBoxId());

  await runtime.open();
  expect((await runtime.boxes.list()).map(({ id }) => id)).toEqual([kept.id]);
  expect((await readdir(join(home, "boxes"))).filter((name) => !name.startsWith(".")).length).toBe(2);
  expect(await readdir(join(home, "boxes/.staging"))).toEqual([]);
  expect(await readdir(join(home, "boxes/.locks"))).toEqual([kept.id]);
  expect(existsSync(living.log.replace(/log$/, "creator.lock"))).toBe(true);
  expect((await readdir(join(home, "run"))).length).toBe(1);
  for (const owners of [await roots.pinOwners(), await runtime.volumes.pinOwners()]) {
    expect([...owners]).toEqual([kept.id]);
  }
});
