import { once } from "node:events";
import { mkdir, readFile, symlink } from "node:fs/promises";
import { connect } from "node:net";
import { dirname, join } from "node:path";
import { EventBus } from "@a3s/core";
import { startAgentDouble } from "@a3s/testing";
import { expect, onTestFinished, test } from "vitest";
import { boxSetting } from "../../test/box-setting.ts";
import { vmPaths } from "../boot/box-directories.ts";
import { BoxStore } from "../boxes/box-store.ts";
import type { BoxesEvents } from "../boxes/boxes-events.ts";
import { History } from "../history/history.ts";
import { takeSeat } from "../networks/box-seat.ts";
import { watchNetwork } from "./watch-network.ts";

const signal = () => AbortSignal.timeout(20_000);

/** A box with a card at the switch of its network, as if its VM ran. */
async function setting() {
  const { image, runtime } = await boxSetting();
  const { home } = runtime;
  await runtime.networks.create("apps");
  const { id } = await runtime.boxes.create({ image, network: "apps" });
  const record = await new BoxStore(home).require(id);
  const seat = await takeSeat(home, { ...record, jail: "best-effort", signal: signal() });
  if (seat === undefined) throw new Error("the box is on no network");
  const vm = connect(seat.socketPath);
  onTestFinished(() => void vm.destroy());
  await once(vm, "connect");
  await seat.connected(signal());
  seat[Symbol.dispose]();
  const events = new EventBus<BoxesEvents>();
  const told: string[] = [];
  events.on("box.offline", (event) => told.push(event.id));
  const { agentSocket } = vmPaths(home, id);
  await mkdir(dirname(agentSocket), { recursive: true });
  return {
    ...{ runtime, record, agentSocket, told, place: { home, events, history: new History(home) } },
    async killSwitch() {
      const { pid } = JSON.parse(await readFile(join(home.networks, "apps", "switch.json"), "utf8"));
      process.kill(pid, "SIGKILL");
      await once(vm.resume(), "close");
    },
  };
}

test("that a box is on its network no more is told when the switch ends, and to who comes later", async () => {
  const { runtime, record, agentSocket, told, place, killSwitch } = await setting();
  await using agent = await startAgentDouble();
  await symlink(agent.socketPath, agentSocket);
  const watching = watchNetwork(place, record, signal());
  expect(told).toEqual([]);
  await killSwitch();
  await watching;
  expect(told).toEqual([record.id]);
  await watchNetwork(place, record, signal());
  expect(told).toEqual([record.id, record.id]);
  const history = await Array.fromAsync(runtime.history());
  expect(history.at(-1)).toMatchObject({ event: "box.offline", id: record.id, name: record.name });
});

test("a switch that ends with the box is not told of", async () => {
  const { record, told, place, killSwitch } = await setting();
  const watching = watchNetwork(place, record, signal());
  await killSwitch();
  await watching;
  expect(told).toEqual([]);
});

test("watching ends with its signal, and at once for a box on no network of boxes", async () => {
  const { record, told, place, killSwitch } = await setting();
  const end = new AbortController();
  const watching = watchNetwork(place, record, end.signal);
  const reason = new Error("enough");
  end.abort(reason);
  await expect(watching).rejects.toBe(reason);
  await watchNetwork(place, { ...record, config: { ...record.config, network: "none" } }, signal());
  expect(told).toEqual([]);
  await killSwitch();
});
