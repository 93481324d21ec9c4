import { StageTimer } from "@a3s/metrics";
import { planMounts } from "@a3s/rootfs";
import { readSwitch } from "@a3s/vm";
import { expect, test } from "vitest";
import { boxSetting } from "../../test/box-setting.ts";
import { BoxStore } from "../boxes/box-store.ts";
import { switchOf } from "../networks/box-seat.ts";
import { ReleaseStack } from "../release-stack.ts";
import { bootVm } from "./boot-vm.ts";
import { vmPaths } from "./box-directories.ts";

test("a boot that fails gives the box's place at the switch of its network back", async () => {
  const { image, runtime } = await boxSetting();
  const { home } = runtime;
  await runtime.networks.create("apps");
  const { id } = await runtime.boxes.create({ image, network: "apps" });
  const record = await new BoxStore(home).require(id);
  const { config } = record;
  const held = new ReleaseStack();
  const booting = bootVm({
    ...{ id, home, config, held, image: record.image.process, means: {}, disks: [], jail: "best-effort" },
    mounts: planMounts({ ...config, volumes: [], volumesDirectory: home.volumes }),
    lower: "/nonexistent",
    // Where a doorbell cannot be: nobody has made the directory.
    paths: { ...vmPaths(home, id), exitRecord: "/nonexistent/exit.json" },
    life: "attached",
    signal: AbortSignal.timeout(20_000),
    timer: new StageTimer(),
    enter: () => {},
  });
  await expect(booting).rejects.toThrow();
  const place = (await switchOf(home, record))?.place;
  if (place === undefined) throw new Error("the box is on no network");
  expect(await readSwitch(place)).toHaveLength(1);
  await held[Symbol.asyncDispose]();
  await expect.poll(() => readSwitch(place)).toEqual([]);
});
