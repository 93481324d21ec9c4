import { execFile } from "node:child_process";
import { mkdir, mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { testImage, testLayer, writeTestLayout } from "@a3s/testing";
import { expect, onTestFinished, test } from "vitest";
import { createRuntime } from "../src/index.ts";

/** It needs no VM, but the right to mount a small file system: the emulated KVM host gives it. */
const run = promisify(execFile);

/** Takes all the space there is. */
async function fill(path: string): Promise<void> {
  await using file = await open(path, "w");
  for (;;) {
    try {
      await file.appendFile(Buffer.alloc(4096));
    } catch (error) {
      return expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
    }
  }
}

test("on a full disk boxes are as they were, none is half made, and they can be removed", async () => {
  const directory = await mkdtemp(join(tmpdir(), "a3s-full-"));
  const home = join(directory, "home");
  await mkdir(home);
  await run("mount", ["-t", "tmpfs", "-o", "size=4m", "small", home]);
  onTestFinished(async () => {
    await run("umount", ["-l", home]);
    await rm(directory, { recursive: true, force: true });
  });
  const layers = [testLayer([{ type: "file", path: "file", content: "x" }])];
  await writeTestLayout(join(directory, "image"), { image: testImage({ layers, config: { Cmd: ["true"] } }) });
  const config = { image: `oci:${join(directory, "image")}:image` };
  const runtime = createRuntime({ home });
  const [one, two] = [await runtime.boxes.create(config, { name: "one" }), await runtime.boxes.create(config)];
  await fill(join(home, "filler"));

  await expect(one.rename("uno")).rejects.toMatchObject({ code: "BOX_UNSAVED", details: { errno: "ENOSPC" } });
  await expect(one.start()).rejects.toMatchObject({ code: "BOX_UNSAVED" });
  await expect(runtime.boxes.create(config)).rejects.toThrow();
  await runtime.open();
  expect((await runtime.boxes.list()).map(({ id, state }) => [id, state]).toSorted()).toEqual(
    [
      [one.id, "created"],
      [two.id, "created"],
    ].toSorted(),
  );
  expect((await runtime.boxes.get("one")).id).toBe(one.id);
  await one.remove();
  expect((await runtime.boxes.list()).map(({ id }) => id)).toEqual([two.id]);
  await rm(join(home, "filler"));
  await two.remove();
  await runtime.boxes.create(config, { name: "one" });
});
