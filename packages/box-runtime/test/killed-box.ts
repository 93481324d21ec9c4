import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { LowerStore } from "@a3s/rootfs";
import { expect } from "vitest";
import type { BoxConfigInput, BoxSummary, Runtime } from "../src/index.ts";

const program = fileURLToPath(new URL("live-with-boxes.mjs", import.meta.url));

/** What a process does with boxes, and when it is killed: so long after it says that it is at a point. */
export interface Life {
  readonly home: string;
  readonly config: BoxConfigInput;
  readonly name: string;
  readonly steps: readonly string[];
  readonly kill?: { readonly at: string; readonly delayMs: number } | undefined;
}

/** What a process said until it ended. */
export interface Said {
  readonly at: string;
  readonly id?: string;
  readonly exitCode?: number | null;
}

/** Runs the process to its end, or to that of its life. */
export async function live({ kill, ...life }: Life): Promise<readonly Said[]> {
  const child = spawn(process.execPath, [program, JSON.stringify(life)], { stdio: ["ignore", "pipe", "inherit"] });
  const closed = once(child, "close");
  const said: Said[] = [];
  for await (const line of createInterface(child.stdout)) {
    const one: Said = JSON.parse(line);
    said.push(one);
    if (one.at === kill?.at) setTimeout(() => child.kill("SIGKILL"), kill.delayMs);
  }
  expect([
    [null, "SIGKILL"],
    [0, null],
  ]).toContainEqual(await closed);
  return said;
}

/** Reconciles, and holds what is there then to what the process had said. @returns the box that it had made, if it is there */
export async function expectSound(runtime: Runtime, said: readonly Said[]): Promise<BoxSummary | undefined> {
  await runtime.open();
  const { home } = runtime.home;
  const listed = await runtime.boxes.list();
  const [box] = listed;
  const points = said.map(({ at }) => at);
  const context = points.join(", ");
  expect(listed.length, context).toBeLessThanOrEqual(1);
  // No lost box, and none that comes back.
  if (points.includes("create done") && !points.includes("remove")) expect(box, context).toBeDefined();
  if (points.includes("remove done")) expect(box, context).toBeUndefined();
  if (!points.includes("create")) expect(box, context).toBeUndefined();
  // No state of which nobody is at it.
  if (box !== undefined) expect(["created", "running", "stopped"], context).toContain(box.state);

  const ids = listed.map(({ id }) => id);
  const running = listed.filter(({ state }) => state === "running").map(({ id }) => id);
  expect(await namesIn(join(home, "run")), context).toEqual(running);
  expect(await namesIn(join(home, "boxes/.staging"))).toEqual([]);
  expect((await namesIn(join(home, "boxes/.locks"))).filter((id) => !ids.includes(id))).toEqual([]);
  expect((await namesIn(join(home, "boxes"))).filter((name) => !name.startsWith("."))).toEqual(ids);
  for (const id of ids) {
    const files = (await readdir(join(home, "boxes", id))).filter(
      (name) => !/^(box\.json|log\.\d+|disk0\.ext4)$/.test(name),
    );
    expect(
      files.filter((name) => !(running.includes(id) && /^run-\d+$/.test(name))),
      context,
    ).toEqual([]);
  }
  const roots = await (await LowerStore.open(runtime.home.rootfs)).pinOwners();
  expect([...roots], context).toEqual(ids);
  expect([...(await runtime.volumes.pinOwners())], context).toEqual(ids);
  return box;
}

/** Pids of the VMs that boxes have by their records. */
export async function recordedPids(runtime: Runtime): Promise<readonly string[]> {
  const pids: string[] = [];
  for (const { id, state } of await runtime.boxes.list()) {
    if (state !== "running") continue;
    const directory = join(runtime.home.boxes, id);
    const run = (await readdir(directory)).find((name) => name.startsWith("run-")) as string;
    const { pid, vmPid } = JSON.parse(await readFile(join(directory, run, "vm.json"), "utf8"));
    pids.push(String(pid), String(vmPid));
  }
  return pids.toSorted();
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return await readdir(directory).catch(() => []);
}
