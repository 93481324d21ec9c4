import { type ChildProcess, spawn } from "node:child_process";
import { closeSync } from "node:fs";
import { Socket } from "node:net";
import type { Writable } from "node:stream";
import { ORDER } from "./descriptors.ts";
import { systemFault } from "./failure.ts";
import { makePipe } from "./libc.ts";

/** How the VM process ended. */
export interface VmProcessEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** The process that becomes the VM, and our ends of what it writes. */
export interface VmChild {
  readonly pid: number;
  readonly console: Socket;
  readonly stdout: Socket;
  readonly stderr: Socket;
  readonly report: Socket;
  /** After it ended and everything that it wrote is taken. */
  readonly ended: Promise<VmProcessEnd>;
  kill(): void;
}

/** Starts it. @throws HostFailure of the stage `jail` */
export async function startVm(request: string, alive: number | undefined): Promise<VmChild> {
  const [console, stdout, stderr, report] = [openPipe(), openPipe(), openPipe(), openPipe()];
  // As ./descriptors.ts numbers them.
  const given = ["ignore", console.write, report.write, stdout.write, stderr.write, alive ?? "ignore", "pipe"] as const;
  const child = spawn(process.execPath, [process.argv[1] as string, "vm"], {
    stdio: ["ignore", console.write, "inherit", ...given],
    // A session of its own.
    detached: true,
    cwd: "/",
    env: {},
  });
  for (const pipe of [console, stdout, stderr, report]) closeSync(pipe.write);
  const { pid } = child;
  if (pid === undefined) {
    const error = await new Promise<NodeJS.ErrnoException>((resolve) => child.once("error", resolve));
    throw systemFault("jail", "fork", Math.abs(error.errno ?? 0));
  }
  const order = (child.stdio as readonly unknown[])[ORDER] as Writable;
  // Whoever does not read it ends, and says why.
  order.on("error", () => {});
  order.end(JSON.stringify({ monitor: process.pid, request }));
  return {
    pid,
    console: console.reader,
    stdout: stdout.reader,
    stderr: stderr.reader,
    report: report.reader,
    ended: ending(child, [console.reader, stdout.reader, stderr.reader, report.reader]),
    kill: () => void child.kill("SIGKILL"),
  };
}

function openPipe(): { readonly reader: Socket; readonly write: number } {
  const pipe = makePipe();
  if ("errno" in pipe) throw systemFault("jail", "pipe", pipe.errno);
  return { reader: new Socket({ fd: pipe.read, readable: true, writable: false }), write: pipe.write };
}

async function ending(child: ChildProcess, readers: readonly Socket[]): Promise<VmProcessEnd> {
  const drained = readers.map((reader) => new Promise<void>((resolve) => reader.once("close", () => resolve())));
  const end = await new Promise<VmProcessEnd>((resolve) =>
    child.once("exit", (code, signal) => resolve({ code, signal })),
  );
  await Promise.all(drained);
  return end;
}
