import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, onTestFinished, test } from "vitest";
import type { Box } from "../src/index.ts";
import { exampleConfig } from "./example-box.ts";
import { text } from "./example-image.ts";
import { live } from "./killed-box.ts";
import { runtimeForEach } from "./test-home.ts";

const at = runtimeForEach();

async function logOf(box: Box): Promise<string> {
  let said = "";
  for await (const entry of box.logs()) if (entry.stream === "stdout") said += `${entry.text}\n`;
  return said;
}

/** A file of a box, by way of a copy on the host. */
async function copiedOut(box: Box, path: string): Promise<Uint8Array> {
  const directory = await mkdtemp(join(tmpdir(), "a3s-copy-"));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  expect(await box.copyOut(path, join(directory, "copy"))).toEqual({ entries: 1, skipped: [] });
  return await readFile(join(directory, "copy"));
}

/** A process that does something with the boxes of the home directory, and ends. @returns what it printed */
async function elsewhere(script: string): Promise<string> {
  const program = fileURLToPath(new URL("../dist/index.js", import.meta.url));
  const whole = `
    import { createRuntime } from ${JSON.stringify(program)};
    const runtime = createRuntime({ home: ${JSON.stringify(at.home)} });
    ${script}
  `;
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", whole]);
  return stdout;
}

test("another process starts a box and ends; this one finds it, enters it, stops it, starts it again with its disk and removes it", async () => {
  const stopping = "trap 'echo bye; exit 7' TERM; echo up; while :; do sleep 0.05; done";
  const made = JSON.stringify(
    exampleConfig({
      ...{ command: ["sh", "-c", stopping], vcpus: 2, diskMib: 32 },
      volumes: [{ source: "data", target: "/data" }],
    }),
  );
  const id = (
    await elsewhere(`
      const box = await runtime.boxes.run(${made}, { name: "kept" });
      console.log(box.id);
      await box[Symbol.asyncDispose]();
    `)
  ).trim();

  expect(await at.runtime.boxes.list()).toMatchObject([{ id, name: "kept", state: "running" }]);
  await using box = await at.runtime.boxes.get("kept");
  expect(await box.inspect()).toMatchObject({ id, state: "running", pid: expect.any(Number), volumes: ["data"] });
  const { exitCode } = await box.exec("echo on disk > /root-file; echo in volume > /data/file");
  expect(exitCode).toBe(0);
  expect(text((await box.shell({ stdin: "tty; exit\n" })).stdout)).toContain("/dev/pts/");
  for await (const { cpu, memory, disk, network } of box.stats()) {
    expect(network).toEqual({ receivedBytes: 0, sentBytes: 0 });
    expect(disk?.writtenBytes).toBeGreaterThanOrEqual(0);
    expect(cpu.count).toBe(2);
    expect(memory.usedBytes).toBeGreaterThan(0);
    break;
  }
  await expect(box.remove()).rejects.toMatchObject({ code: "BOX_RUNNING" });

  const waiting = box.wait();
  expect(await box.stop()).toMatchObject({ exitCode: 7 });
  expect(await waiting).toMatchObject({ exitCode: 7 });
  expect([box.state, await logOf(box)]).toEqual(["stopped", "up\nbye\n"]);
  expect(() => box.exec("true")).toThrow(expect.objectContaining({ code: "STATE_INVALID" }));
  await expect(at.runtime.volumes.remove("data")).rejects.toMatchObject({ code: "VOLUME_IN_USE" });
  expect((await at.runtime.images.prune()).roots.removed).toEqual([]);
  expect(existsSync(join(at.home, "run", id))).toBe(false);

  // Files go in and out meanwhile, and nothing else of it changes; who is killed at it leaves the disk to the next.
  const stopped = await box.inspect();
  const note = import.meta.filename;
  expect(await box.copyIn(note, "/note")).toEqual({ entries: 1 });
  await live({
    home: at.home,
    config: exampleConfig(),
    name: "kept",
    steps: ["get", "copy"],
    kill: { at: "guest", delayMs: 0 },
  });
  expect(await box.inspect()).toEqual(stopped);
  expect(await logOf(box)).toBe("up\nbye\n");

  await box.start();
  expect(text((await box.exec("cat /root-file /data/file; md5sum < /note")).stdout)).toBe(
    `on disk\nin volume\n${createHash("md5")
      .update(await readFile(note))
      .digest("hex")}  -\n`,
  );
  await box.kill();
  expect(box.state).toBe("stopped");
  expect(await box.wait()).toMatchObject({ exitCode: 137 });
  await box.remove({ volumes: true });
  expect(await at.runtime.boxes.list()).toEqual([]);
  expect(await at.runtime.volumes.list()).toEqual([]);
});

test("a box that ends by itself is seen to have, with its exit code, by whoever comes later; one with autoRemove is gone", async () => {
  await using box = await at.runtime.boxes.run(exampleConfig({ command: ["sh", "-c", "exit 5"] }));
  expect(await box.wait()).toMatchObject({ exitCode: 5, signal: null });
  expect(JSON.parse(await elsewhere("console.log(JSON.stringify(await runtime.boxes.list()))"))).toMatchObject([
    { id: box.id, state: "stopped", exit: { exitCode: 5 } },
  ]);
  await using passing = await at.runtime.boxes.run(exampleConfig({ command: ["sh", "-c", "kill -USR1 $$"] }), {
    autoRemove: true,
  });
  expect(await passing.wait()).toMatchObject({ exitCode: 138 });
  expect((await at.runtime.boxes.list()).map(({ id }) => id)).toEqual([box.id]);
});

test("a main process that cannot be started leaves a stopped box, and nothing of a run; one that waits is attached to", async () => {
  await using box = await at.runtime.boxes.create(exampleConfig({ command: ["no-such-command"] }));
  // As `docker create` and `docker cp` take a file out of an image.
  expect(text(await copiedOut(box, "/etc/motd"))).toBe("from the second layer\n");
  expect(await box.inspect()).toMatchObject({ state: "created", generation: 1 });
  await expect(box.start()).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
  expect([box.state, box.exit]).toMatchObject(["stopped", { exitCode: 127 }]);
  await using waits = await at.runtime.boxes.run(
    exampleConfig({ command: ["sh", "-c", "read line; echo got $line"] }),
    {
      main: { stdin: true },
      onAttach: true,
    },
  );
  expect(text((await waits.attach({ stdin: "word\n" })).stdout)).toBe("got word\n");
});
