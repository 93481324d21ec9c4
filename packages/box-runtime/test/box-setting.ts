import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testImage, testLayer, writeTestLayout } from "@a3s/testing";
import { onTestFinished } from "vitest";
import type { BoxIntent } from "../src/boxes/box-life.ts";
import { createRuntime } from "../src/runtime/runtime.ts";

/** When the runs of {@link run} were started. */
export const RUN_AT = "2026-01-01T00:00:00.000Z";

/** A home that is not there yet, an image with an entrypoint, and one without a command. */
export async function boxSetting() {
  const directory = await mkdtemp(join(tmpdir(), "a3s-boxes-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  const [layout, home] = [join(directory, "images"), join(directory, "home")];
  const layers = ["a", "b"].map((path) => [testLayer([{ type: "file", path, content: path }])]);
  await writeTestLayout(layout, {
    image: testImage({ layers: layers[0] ?? [], config: { Entrypoint: ["/entry"], Cmd: ["default"] } }),
    bare: testImage({ layers: layers[1] ?? [] }),
  });
  return { home, image: `oci:${layout}:image`, bare: `oci:${layout}:bare`, runtime: createRuntime({ home }) };
}

/** Makes a box's files those of a box whose VM has ended, and left the record of a run that was started `exitAt`. */
export async function run(home: string, id: string, intent: BoxIntent, exitAt: string | undefined): Promise<void> {
  const file = (name: string) => join(home, "boxes", id, name);
  const record = JSON.parse(await readFile(file("box.json"), "utf8"));
  await writeFile(file("box.json"), JSON.stringify({ ...record, intent, startedAt: RUN_AT, runs: 1 }));
  await mkdir(file("run-1"), { recursive: true });
  const state = { version: 1, pid: 2, vmPid: 3, startTime: "1", executable: "/vm-host", startedAt: RUN_AT, jail: [] };
  await writeFile(file("run-1/vm.json"), JSON.stringify(state), { mode: 0o600 });
  if (exitAt === undefined) return;
  const ended = { code: 3, cause: "guest", signal: null, startedAt: exitAt, endedAt: "2026-01-01T00:01:00.000Z" };
  const exit = { version: 1, ...ended, failure: null, log: { records: 0, bytes: 0 } };
  await writeFile(file("run-1/exit.json"), JSON.stringify(exit));
}
