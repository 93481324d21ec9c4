import { once } from "node:events";
import { mkdir, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  type LaunchOptions,
  type LibkrunFiles,
  launchVm,
  readVmLog,
  type VmLogEntry,
  type VmLogOptions,
  type VmProcess,
} from "../src/index.ts";
import { type Doorbell, listenForGuest } from "./doorbell.ts";
import { executors } from "./executors.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";

describe.each(executors)("$name", (executor) => {
  /** The real vm-host with a guest that writes what it is told to. */
  let libraries: LibkrunFiles;
  let built: string;
  beforeAll(async () => {
    built = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    libraries = await buildFakeLibkrun(built);
  });
  afterAll(() => rm(built, { recursive: true, force: true }));

  let directory: string;
  let doorbell: Doorbell;
  let log: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    log = join(directory, "log");
    await mkdir(join(directory, "root"));
    doorbell = await listenForGuest(join(directory, "boot.sock"));
  });
  afterEach(async () => {
    await doorbell[Symbol.asyncDispose]();
    await rm(directory, { recursive: true, force: true });
  });

  async function launch(limits: Partial<LaunchOptions["log"]> = {}): Promise<{ vm: VmProcess; guest: Socket }> {
    const vm = await launchVm(
      {
        vcpus: 1,
        memoryMib: 128,
        root: { path: join(directory, "root") },
        init: { path: "/relay" },
        vsockPorts: [{ port: 1, socketPath: doorbell.path, direction: "guest-connects" }],
        streams: true,
      },
      { log: { path: log, ...limits }, exitPath: join(directory, "exit.json"), libraries, ...executor.options },
    );
    return { vm, guest: await doorbell.connection };
  }

  /** The lines that the main process wrote, whole, and what it wrote last without an end. */
  async function stdoutOf(entries: AsyncIterable<VmLogEntry>): Promise<string[]> {
    const lines: string[] = [];
    let begun = "";
    for await (const entry of entries) {
      if (entry.stream !== "stdout") continue;
      begun += entry.text;
      // On a busy machine the rest of a line may come late.
      if (entry.partial) continue;
      lines.push(begun);
      begun = "";
    }
    return begun === "" ? lines : [...lines, begun];
  }

  async function end({ vm, guest }: { vm: VmProcess; guest: Socket }): Promise<void> {
    guest.end();
    expect(await vm.exited).toMatchObject({ code: 0, cause: "guest" });
  }

  test("each stream is told apart, with the time of each line", async () => {
    const started = await launch();
    started.guest.write("one\n");
    await end(started);
    const entries = await Array.fromAsync(started.vm.logs());
    expect(new Set(entries.map(({ stream }) => stream))).toEqual(new Set(["console", "stdout", "stderr"]));
    const stdout = entries.filter(({ stream }) => stream === "stdout");
    const time = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z$/);
    expect(stdout).toEqual([
      { time, stream: "stdout", text: "port a3s.stdout", partial: false },
      { time, stream: "stdout", text: "one", partial: false },
    ]);
    expect((await started.vm.evidence()).consoleTail).toMatch(/^init_log .*start_enter 7\n$/s);
  });

  test("bytes come back as they were written, whatever they are", async () => {
    const started = await launch();
    const written = Buffer.concat([
      Buffer.from("gr\u00fcn\r\n\n"),
      Buffer.alloc(40_000, "\u20ac"),
      Buffer.from([0x0a, 0xff, 0xfe, 0x00, 0x0a]),
      Buffer.from("no end"),
    ]);
    started.guest.write(written);
    await end(started);
    const parts: Uint8Array[] = [];
    for await (const entry of started.vm.logs()) {
      if (entry.stream !== "stdout") continue;
      expect(entry.text.length).toBeLessThanOrEqual(16 * 1024);
      parts.push(entry.bytes ?? Buffer.from(entry.text));
      if (!entry.partial) parts.push(Buffer.from("\n"));
    }
    const all = Buffer.concat(parts);
    const first = Buffer.from("port a3s.stdout\n");
    expect(all.equals(Buffer.concat([first, written]))).toBe(true);
  });

  test("a reader that follows gets each line when it is written, a line without an end too, and is done when the VM is", async () => {
    const started = await launch();
    const lines = started.vm.logs({ follow: true })[Symbol.asyncIterator]();
    const next = async () => {
      for (;;) {
        const { value, done } = await lines.next();
        if (done || value.stream === "stdout") return value as VmLogEntry | undefined;
      }
    };
    expect(await next()).toMatchObject({ text: "port a3s.stdout" });
    for (const text of ["one", "two"]) {
      started.guest.write(`${text}\n`);
      expect(await next()).toMatchObject({ text, partial: false });
    }
    started.guest.write("login: ");
    expect(await next()).toMatchObject({ text: "login: ", partial: true });
    await end(started);
    expect(await next()).toBeUndefined();
  });

  test("a reader that follows loses nothing when files are rotated under it", async () => {
    const started = await launch({ maxBytes: 128 * 1024, files: 100 });
    const reading = stdoutOf(started.vm.logs({ follow: true }));
    const lines = Array.from({ length: 20_000 }, (_, index) => String(index).padStart(60, "."));
    for (let from = 0; from < lines.length; from += 500) {
      const text = lines.slice(from, from + 500).map((line) => `${line}\n`);
      if (!started.guest.write(text.join(""))) await once(started.guest, "drain");
    }
    await end(started);
    expect((await readdir(directory)).filter((name) => name.startsWith("log.")).length).toBeGreaterThan(10);
    const read = await reading;
    expect(read.slice(1)).toEqual(lines);
  });

  test("a reader that is too far behind is told that something is missing, and goes on", async () => {
    const started = await launch({ maxBytes: 128 * 1024, files: 2 });
    const lines = started.vm.logs({ follow: true })[Symbol.asyncIterator]();
    await lines.next();
    started.guest.write(`${"x".repeat(1000)}\n`.repeat(2000));
    await end(started);
    const seen: VmLogEntry[] = [];
    for (let { value, done } = await lines.next(); !done; { value, done } = await lines.next())
      seen.push(value as VmLogEntry);
    expect(seen.filter(({ stream }) => stream === "log")).toEqual([
      { time: expect.any(String), stream: "log", cause: "reader", dropped: null },
    ]);
    expect(seen.at(-1)).toMatchObject({ stream: "stdout", text: "x".repeat(1000) });
    const sizes = (await readdir(directory))
      .filter((name) => name.startsWith("log."))
      .map((name) => join(directory, name));
    expect(sizes).toHaveLength(2);
    for (const path of sizes) expect((await stat(path)).size).toBeLessThanOrEqual(128 * 1024);
  });

  test("tail and since leave out what is older, across files", async () => {
    const started = await launch({ maxBytes: 128 * 1024, files: 10 });
    started.guest.write(Array.from({ length: 3000 }, (_, index) => `${index}\n`).join(""));
    await end(started);
    const tail = (options: VmLogOptions) => Array.fromAsync(started.vm.logs(options));
    expect((await readdir(directory)).filter((name) => name.startsWith("log.")).length).toBeGreaterThan(1);
    const all = await tail({});
    expect(all.filter(({ stream }) => stream === "stdout")).toHaveLength(3001);
    expect(await tail({ tail: 0 })).toEqual([]);
    for (const count of [1, 2, 2500, all.length, 1_000_000])
      expect(await tail({ tail: count })).toEqual(all.slice(-count));
    const last = new Date(all.at(-1)?.time ?? "");
    expect(await tail({ since: last })).toEqual(all.filter(({ time }) => time >= last.toISOString()));
    expect(await tail({ since: new Date(last.getTime() + 1) })).toEqual([]);
    const stdout = all.filter(({ stream }) => stream === "stdout");
    expect(await tail({ streams: ["stdout"] })).toEqual(stdout);
    for (const count of [1, 2500, 1_000_000]) {
      expect(await tail({ streams: ["stdout"], tail: count })).toEqual(stdout.slice(-count));
    }
    expect(await tail({ streams: ["console"], tail: 1 })).toEqual(
      all.filter(({ stream }) => stream === "console").slice(-1),
    );
    await expect(tail({ tail: -1 })).rejects.toThrow(RangeError);
  });

  test("a reader goes on behind an entry that it had before, and is told when that is gone", async () => {
    const started = await launch({ maxBytes: 128 * 1024, files: 3 });
    const read = (options: VmLogOptions) => Array.fromAsync(started.vm.logs({ cursors: true, ...options }));
    started.guest.write("first\n");
    const lines = started.vm.logs({ follow: true, cursors: true })[Symbol.asyncIterator]();
    let first: VmLogEntry;
    do first = (await lines.next()).value as VmLogEntry;
    while (first.stream !== "stdout" || first.text !== "first");
    await lines.return?.();
    started.guest.write("second\nthird\n");
    await end(started);
    const later = await read({ after: first.cursor, streams: ["stdout"] });
    expect(later).toMatchObject([{ text: "second" }, { text: "third" }, ...later.slice(2)]);
    expect(await read({ after: later[0]?.cursor, streams: ["stdout"] })).toEqual(later.slice(1));
    expect(await read({ after: later.at(-1)?.cursor, streams: ["stdout"] })).toEqual([]);
    const all = await read({});
    const [gap, ...rest] = await read({ after: "0:0" });
    expect(gap).toMatchObject({ stream: "log", cause: "reader", dropped: null });
    expect(rest).toEqual(all);
    expect(await read({ after: gap?.cursor })).toEqual(all);
    expect(await read({ after: "1:999999999" })).toEqual(all);
    await expect(read({ after: "x" })).rejects.toThrow(RangeError);
  });

  test("an abort ends a reader with its reason", async () => {
    const started = await launch();
    const controller = new AbortController();
    const reason = new Error("enough");
    const reading = stdoutOf(started.vm.logs({ follow: true, signal: controller.signal }));
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    await expect(stdoutOf(started.vm.logs({ signal: controller.signal }))).rejects.toBe(reason);
    await end(started);
  });

  test("a reader survives that the state directory is removed, and the VM's end is told all the same", async () => {
    const started = await launch({ maxBytes: 128 * 1024, files: 2 });
    const reading = stdoutOf(started.vm.logs({ follow: true }));
    await rm(directory, { recursive: true });
    started.guest.write(`${"x".repeat(1000)}\n`.repeat(1000));
    started.guest.end();
    const exit = await started.vm.exited;
    expect(exit).toMatchObject({ code: 0, cause: "guest" });
    expect(exit.dropped?.records).toBeGreaterThan(800);
    await reading;
    expect(await Array.fromAsync(started.vm.logs())).toEqual([]);
  });

  test("a log that cannot be read is an error that names it", async () => {
    await mkdir(`${log}.000001`);
    await expect(Array.fromAsync(readVmLog(log))).rejects.toMatchObject({
      code: "VM_LOG_UNREADABLE",
      message: expect.stringContaining(log),
    });
  });
});
