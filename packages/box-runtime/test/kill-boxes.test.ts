import { Random } from "@a3s/testing";
import { expect, test } from "vitest";
import { boxSetting } from "./box-setting.ts";
import { expectSound, live } from "./killed-box.ts";

const soak = process.env["A3S_SOAK"] === "1";
const STEPS = ["create", "rename", "supervise", "open", "remove"];

test("whatever moment of making, naming, supervising and removing a box its process is killed at, nothing is lost, wrong or left", {
  timeout: soak ? 600_000 : 120_000,
}, async () => {
  const random = Random.fromEnvironment();
  const { home, image, runtime } = await boxSetting();
  const config = { image, volumes: [{ source: "data", target: "/data" }] };
  for (let round = 0; round < (soak ? 100 : 15); round++) {
    const kill = { at: random.pick(["ready", ...STEPS]), delayMs: random.next() * 40 };
    const said = await live({ home, config, name: `box-${round}`, steps: STEPS, kill });
    const box = await expectSound(runtime, said);
    // The same process can go on with what is left.
    if (box !== undefined) {
      expect((await live({ home, config, name: box.name, steps: ["get", "remove"] })).at(-1)?.at).toBe("remove done");
    }
    expect(await runtime.boxes.list()).toEqual([]);
  }
});
