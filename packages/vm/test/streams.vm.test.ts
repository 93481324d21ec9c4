import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { launchVm } from "../src/index.ts";
import { busyboxRoot } from "./busybox-root.ts";

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

/** Finds the ports as any guest would, and writes to each of the streams. */
const script = [
  "b=/bin/busybox",
  "for p in /sys/class/virtio-ports/*",
  "do p=$($b basename $p); case $($b cat /sys/class/virtio-ports/$p/name) in a3s.stdout) out=$p;; a3s.stderr) err=$p;; esac",
  "done",
  "echo to the console",
  "exec 3> /dev/$out 4> /dev/$err",
  "echo to stdout >&3",
  "$b printf '\\377' >&3",
  "$b seq 1 5000 >&3",
  "echo to stderr >&4",
].join("; ");

test("a guest's program writes to ports of its own, and each stream is whole and told apart in the log", async () => {
  await using vm = await launchVm(
    {
      vcpus: 1,
      memoryMib: 256,
      root: { path: await busyboxRoot(join(directory, "root")), readOnly: true },
      init: { path: "/bin/busybox", args: ["sh", "-c", script] },
      streams: true,
    },
    { log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json") },
  );
  const entries = await Array.fromAsync(vm.logs({ follow: true }));
  expect(await vm.exited).toMatchObject({ code: 0, dropped: { records: 0, bytes: 0 } });
  const text = (stream: string) =>
    entries
      .map((entry) => ("text" in entry && entry.stream === stream ? `${entry.text}${entry.partial ? "" : "\n"}` : ""))
      .join("");
  expect(text("console")).toContain("to the console");
  expect(text("stderr")).toBe("to stderr\n");
  const counted = Array.from({ length: 5000 }, (_, index) => `${index + 1}\n`).join("");
  expect(text("stdout")).toBe(`to stdout\n\ufffd${counted}`);
});
