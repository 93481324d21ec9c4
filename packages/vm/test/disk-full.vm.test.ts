import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdir, mkdtemp, open, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import { launchVm } from "../src/index.ts";
import { listenForGuest } from "./doorbell.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";

/** It needs no VM, but the right to mount a small file system: the emulated KVM host gives it. */
const run = promisify(execFile);

let directory: string;
let state: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  state = join(directory, "state");
  await mkdir(state);
  await mkdir(join(directory, "root"));
  await run("mount", ["-t", "tmpfs", "-o", "size=1m", "small", state]);
});
afterEach(async () => {
  await run("umount", ["-l", state]);
  await rm(directory, { recursive: true, force: true });
});

/** Takes all the space there is. */
async function fill(): Promise<string> {
  const path = join(state, "filler");
  await using file = await open(path, "w");
  for (;;) {
    try {
      await file.appendFile(Buffer.alloc(4096));
    } catch (error) {
      expect((error as NodeJS.ErrnoException).code).toBe("ENOSPC");
      return path;
    }
  }
}

test("a full disk does not end a VM: what is lost is counted, said when there is room, and the end is recorded", async () => {
  await using doorbell = await listenForGuest(join(directory, "boot.sock"));
  await using vm = await launchVm(
    {
      vcpus: 1,
      memoryMib: 128,
      root: { path: join(directory, "root") },
      init: { path: "/relay" },
      vsockPorts: [{ port: 1, socketPath: doorbell.path, direction: "guest-connects" }],
      streams: true,
    },
    {
      log: { path: join(state, "log") },
      exitPath: join(state, "exit.json"),
      libraries: await buildFakeLibkrun(directory),
    },
  );
  const guest = await doorbell.connection;
  const entries = vm.logs({ follow: true })[Symbol.asyncIterator]();
  const until = async (wanted: string) => {
    for (;;) {
      const { value, done } = await entries.next();
      if (done) throw new Error("the log ended");
      if (value.stream === "log" || value.text === wanted) return value;
    }
  };
  guest.write("before\n");
  await until("before");
  const filler = await fill();
  // More than the last page of the log's file takes. The guest's own pipe is read, or it would not come to its end.
  guest.write(`${"x".repeat(1000)}\n`.repeat(1000));
  await once(guest, "drain");
  await rm(filler);
  // Whatever of it came before the room did is lost, and said with the first record that found room.
  guest.write("after\n");
  const gap = await until("after");
  expect(gap).toMatchObject({ stream: "log", cause: "writer" });
  await until("after");
  await entries.return?.();

  await fill();
  guest.end(`${"y".repeat(1000)}\n`.repeat(100));
  const exit = await vm.exited;
  expect(exit).toMatchObject({ code: 0, cause: "guest" });
  expect(exit.dropped?.records).toBeGreaterThan(90);
  expect(JSON.parse(await readFile(join(state, "exit.json"), "utf8"))).toMatchObject({ code: 0, log: exit.dropped });
});

test("a VM whose end could not be recorded is not started", async () => {
  await fill();
  const starting = launchVm(
    { vcpus: 1, memoryMib: 128, root: { path: join(directory, "root") }, init: { path: "/run" } },
    {
      log: { path: join(state, "log") },
      exitPath: join(state, "exit.json"),
      libraries: await buildFakeLibkrun(directory),
    },
  );
  await expect(starting).rejects.toMatchObject({
    code: "VM_START_FAILED",
    details: { failure: { what: "exitPath", errno: 28 } },
  });
});
