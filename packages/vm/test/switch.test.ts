import { once } from "node:events";
import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { connect, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { awaitSwitchEnd, joinSwitch, readSwitch, renameMember, type SwitchPlace } from "../src/index.ts";
import { watchLiveness } from "../src/process/liveness.ts";
import { NODE } from "./executors.ts";

const member = (last: number, ...names: string[]) => ({
  address: `10.163.0.${last}`,
  mac: `02:a3:0a:a3:00:0${last}`,
  names,
});

async function place(): Promise<SwitchPlace & { ended(): Promise<void> }> {
  const scratch = await mkdtemp(join(tmpdir(), "a3s-sw-"));
  const statePath = join(scratch, "switch.json");
  const ended = async () => {
    using alive = watchLiveness(`${statePath}.alive`);
    await alive?.gone;
  };
  onTestFinished(async () => {
    await ended();
    await rm(scratch, { recursive: true });
  });
  await mkdir(join(scratch, "run"));
  const { address, mac } = member(1);
  return { directory: join(scratch, "run"), statePath, gateway: { address, mac }, ended };
}

/** As libkrun connects. */
async function vm(socketPath: string): Promise<Socket> {
  const socket = connect(socketPath);
  await once(socket, "connect");
  onTestFinished(() => void socket.destroy());
  return socket;
}

const signal = () => AbortSignal.timeout(10_000);

test("the first member brings a switch, the next finds it, and the last takes it along", async () => {
  const network = await place();
  const one = await joinSwitch(network, member(2, "one"));
  const two = await joinSwitch(network, member(3, "two"));
  const vms = [await vm(one.socketPath), await vm(two.socketPath)];
  for (const seat of [one, two]) {
    await seat.connected(signal());
    seat[Symbol.dispose]();
  }
  expect(await readSwitch(network)).toMatchObject([
    { address: "10.163.0.2", connected: true, sentFrames: 0 },
    { address: "10.163.0.3", connected: true, receivedBytes: 0 },
  ]);
  expect(await renameMember(network, { address: "10.163.0.3", names: ["three"] })).toBe(true);
  expect(await renameMember(network, { address: "10.163.0.9", names: [] })).toBe(false);
  for (const each of vms) each.destroy();
  await network.ended();
  expect(await readdir(network.directory)).toEqual([]);
  expect(await readSwitch(network)).toEqual([]);
});

test("the end of a switch is told to who waits for it, and to who comes later, but not before the members' connections end", async () => {
  const network = await place();
  await awaitSwitchEnd(network, member(2), signal());
  const [two, three] = [await joinSwitch(network, member(2)), await joinSwitch(network, member(3))];
  // One that is not connected has none to wait for.
  await awaitSwitchEnd(network, member(2), signal());
  const vms = [await vm(two.socketPath), await vm(three.socketPath)];
  for (const seat of [two, three]) {
    await seat.connected(signal());
    seat[Symbol.dispose]();
  }
  const reason = new Error("enough");
  await expect(awaitSwitchEnd(network, member(2), AbortSignal.abort(reason))).rejects.toBe(reason);
  let ended = false;
  const waiting = awaitSwitchEnd(network, member(2), signal()).then(() => {
    ended = true;
  });
  vms[1]?.destroy();
  // The switch has seen that by now.
  await expect.poll(async () => (await readSwitch(network))?.length).toBe(1);
  expect(ended).toBe(false);
  const { pid } = JSON.parse(await readFile(network.statePath, "utf8"));
  process.kill(pid, "SIGKILL");
  await waiting;
  await awaitSwitchEnd(network, member(2), signal());
});

test("a switch that does not answer keeps nobody", async () => {
  const network = await place();
  using _seat = await joinSwitch(network, member(2));
  const { pid } = JSON.parse(await readFile(network.statePath, "utf8"));
  process.kill(pid, "SIGSTOP");
  await expect(joinSwitch(network, member(3), { timeoutMs: 100 })).rejects.toMatchObject({
    code: "SWITCH_FAILED",
    message: expect.stringContaining("100 ms"),
  });
  expect(await readSwitch(network)).toBeUndefined();
  process.kill(pid, "SIGCONT");
  expect((await readSwitch(network))?.map(({ address }) => address)).toContain("10.163.0.2");
});

test("a switch takes at most 4 MiB, with eight members", async () => {
  const network = await place();
  for (let last = 2; last < 10; last++) {
    using seat = await joinSwitch(network, member(last));
    await vm(seat.socketPath);
    await seat.connected(signal());
  }
  const { pid } = JSON.parse(await readFile(network.statePath, "utf8"));
  const [, kib] = /^VmRSS:\s*(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, "utf8")) ?? [];
  expect(Number(kib)).toBeLessThan(4096);
});

test("a place that is given up before its VM has come leaves nothing", async () => {
  const network = await place();
  const seat = await joinSwitch(network, member(2));
  expect((await readdir(network.directory)).toSorted()).toEqual(["2.sock", "ctl.sock"]);
  seat[Symbol.dispose]();
  await network.ended();
  expect(await readdir(network.directory)).toEqual([]);
});

test("after a switch was killed, who waited is told and the next one starts another", async () => {
  const network = await place();
  const seat = await joinSwitch(network, member(2));
  const { pid } = JSON.parse(await readFile(network.statePath, "utf8"));
  process.kill(pid, "SIGKILL");
  await expect(seat.connected(signal())).rejects.toMatchObject({ code: "SWITCH_FAILED" });
  using again = await joinSwitch(network, member(2));
  await vm(again.socketPath);
  await again.connected(signal());
  expect(JSON.parse(await readFile(network.statePath, "utf8")).pid).not.toBe(pid);
});

test("many members come and go, each after the other, whatever the switch is about to do", async () => {
  const network = await place();
  for (let round = 0; round < 20; round++) {
    const seat = await joinSwitch(network, member(2 + (round % 3)));
    const card = await vm(seat.socketPath);
    await seat.connected(signal());
    seat[Symbol.dispose]();
    card.destroy();
  }
});

test("what cannot be is SWITCH_FAILED and says why; a signal ends the wait", async () => {
  const network = await place();
  const wrong = { ...member(2), address: "10.9.0.2" };
  const failures: [attempt: () => Promise<unknown>, why: string][] = [
    [() => joinSwitch(network, wrong), "no address of this network"],
    [() => joinSwitch(network, member(2), NODE.options), "native"],
    [() => joinSwitch(network, member(2), { vmHost: "/missing/vm-host" }), "no vm-host at /missing"],
    [() => joinSwitch({ ...network, directory: `/${"a".repeat(120)}` }, member(2)), "at most 107 bytes"],
    [() => joinSwitch({ ...network, statePath: "/missing/switch.json" }, member(2)), "statePath"],
  ];
  for (const [attempt, why] of failures) {
    // Where the switch of the attempt before is still there, none has to be started.
    await network.ended();
    await expect(attempt()).rejects.toMatchObject({ code: "SWITCH_FAILED", message: expect.stringContaining(why) });
  }
  const reason = new Error("enough");
  await expect(joinSwitch(network, member(2), { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
