import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { promisify } from "node:util";
import { type JailMeasure, readVmLog, type VmSpec } from "../src/index.ts";
import type { CreatorRequest } from "./creator.ts";
import { listenForGuest } from "./doorbell.ts";

const run = promisify(execFile);

const GRANTED_PORT = 5000;
const DIRECTORIES = ["root", "root/bin", "root/proc", "root/sys", "root/dev", "root/rw", "root/ro", "root/all", "rw"];
const SHARED = ["rw/within", "ro", "run"];

/** What a VM with intruder.c as its first program came to, and what its VM process was while it ran. */
export interface Intrusion {
  /** What each attempt of the guest came to: `ok`, or the name of an error. */
  readonly said: ReadonlyMap<string, string>;
  readonly jail: readonly JailMeasure[];
  /** Fields of proc_pid_status(5). */
  readonly status: ReadonlyMap<string, string>;
  /** Names in directories of the VM process's root. */
  readonly tree: Readonly<Record<string, readonly string[]>>;
  /** Absolute path. */
  readonly cgroup: string;
  readonly limits: readonly string[];
  /** Connections to a service of the host's loopback. */
  readonly connections: number;
  /** Files of the host that the guest should not have changed, with what they hold. */
  readonly untouched: Readonly<Record<string, string>>;
}

/** Compiles intruder.c into a directory. */
export async function buildIntruder(directory: string): Promise<string> {
  const program = join(directory, "intruder");
  const source = join(import.meta.dirname, "intruder.c");
  await run("gcc", ["-static", "-O1", "-Wall", "-Werror", "-o", program, source]);
  return program;
}

/** Runs a VM as the given user, with a read-only disk and shares of several kinds; `reach` is called while it runs. */
export async function intrude(
  program: string,
  options: {
    readonly uid: number | undefined;
    readonly spec?: Partial<VmSpec>;
    readonly ownPort?: number;
    readonly reach?: () => Promise<void>;
  },
): Promise<Intrusion> {
  const { uid, ownPort, reach } = options;
  const directory = await mkdtemp(join(tmpdir(), "a3s-jail-"));
  const path = (name: string) => join(directory, name);
  let connections = 0;
  const service = createServer((socket) => {
    connections += 1;
    socket.end();
  });
  try {
    await fill(path, program);
    service.listen(0, "0.0.0.0");
    await once(service, "listening");
    const { port } = service.address() as AddressInfo;
    await using doorbell = await listenForGuest(path("run/granted.sock"));
    if (uid !== undefined) await run("chown", ["-R", `${uid}:${uid}`, directory]);
    const args = [GRANTED_PORT, port, ...(ownPort === undefined ? [] : [ownPort])].map(String);
    const request: CreatorRequest = {
      spec: { ...intruderSpec(path), init: { path: "/bin/intruder", args }, ...options.spec },
      options: { log: { path: path("log") }, exitPath: path("exit.json") },
    };
    const creator = startCreator(request, uid);
    const ended = once(creator, "close");
    try {
      const [line] = await once(createInterface({ input: creator.stdout }), "line");
      const started = JSON.parse(line) as { pid: number; vmPid: number; jail: JailMeasure[] };
      await Promise.race([doorbell.rung, ended]);
      await reach?.();
      const seen = await look(started.vmPid);
      process.kill(started.pid, "SIGTERM");
      await ended;
      const said = pairs(await consoleOf(path("log")));
      return { ...seen, said, jail: started.jail, connections, untouched: await untouched(path) };
    } finally {
      creator.kill();
      await ended;
    }
  } finally {
    service.close();
    await rm(directory, { recursive: true, force: true });
  }
}

async function consoleOf(log: string): Promise<string> {
  let text = "";
  for await (const entry of readVmLog(log)) if (entry.stream === "console") text += `${entry.text}\n`;
  return text;
}

export function startCreator(request: CreatorRequest, uid: number | undefined) {
  const args = [join(import.meta.dirname, "creator.ts"), JSON.stringify(request)];
  const user = uid === undefined ? {} : { uid, gid: uid };
  return spawn(process.execPath, args, { stdio: ["ignore", "pipe", "pipe"], ...user });
}

async function fill(path: (name: string) => string, program: string): Promise<void> {
  for (const name of [...DIRECTORIES, ...SHARED]) await mkdir(path(name));
  // For the guest's users, whoever owns it.
  await chmod(path("rw"), 0o777);
  await copyFile(program, path("root/bin/intruder"));
  for (const name of ["secret", "ro/existing"]) await writeFile(path(name), "of the host");
  await writeFile(path("disk"), "");
  await truncate(path("disk"), 1 << 20);
  for (const share of ["rw", "ro"]) await symlink(path("secret"), path(`${share}/absolute`));
  await symlink("../secret", path("rw/relative"));
  await symlink("/proc/self/fd/0/../..", path("rw/fd"));
}

function intruderSpec(path: (name: string) => string): Omit<VmSpec, "init"> {
  return {
    vcpus: 2,
    memoryMib: 256,
    root: { path: path("root"), readOnly: true },
    shares: [
      { tag: "rw", path: path("rw"), readOnly: false },
      { tag: "ro", path: path("ro"), readOnly: true },
      { tag: "within", path: path("rw/within"), readOnly: true },
      { tag: "all", entries: [{ name: "rw", path: path("rw"), readOnly: true }] },
    ],
    disks: [{ path: path("disk"), readOnly: true }],
    vsockPorts: [
      { port: GRANTED_PORT, socketPath: path("run/granted.sock"), direction: "guest-connects" },
      { port: 4087, socketPath: path("run/agent.sock"), direction: "host-connects" },
    ],
  };
}

async function look(pid: number): Promise<Pick<Intrusion, "status" | "tree" | "cgroup" | "limits">> {
  const status = pairs(await readFile(`/proc/${pid}/status`, "utf8"));
  const names = async (at: string) => [at, (await readdir(`/proc/${pid}/root${at}`)).sort()] as const;
  const places = ["/", "/dev", "/proc", "/proc/self", "/shares", "/sockets"];
  const tree = Object.fromEntries(await Promise.all(places.map(names)));
  const cgroup = await cgroupOf(pid);
  const files = ["memory.max", "cpu.max", "pids.max"].map((file) => readFile(join(cgroup, file), "utf8"));
  const limits = (await Promise.all(files.map((file) => file.catch(() => "")))).map((text) => text.trim());
  return { status, tree, cgroup, limits };
}

/** Absolute path of a process's cgroup (version 2); cgroups(7): `0::PATH`. */
export async function cgroupOf(pid: number): Promise<string> {
  const table = await readFile(`/proc/${pid}/cgroup`, "utf8");
  return join("/sys/fs/cgroup", table.trim().replace(/^.*0::/s, ""));
}

async function untouched(path: (name: string) => string): Promise<Readonly<Record<string, string>>> {
  const text = (name: string) => readFile(path(name), "utf8");
  const names = async (name: string) => (await readdir(path(name))).sort().join(" ");
  return {
    secret: await text("secret"),
    existing: await text("ro/existing"),
    ro: await names("ro"),
    within: await names("rw/within"),
    disk: (await text("disk")).replaceAll("\0", ""),
  };
}

function pairs(text: string): ReadonlyMap<string, string> {
  const lines = text.split("\n").map((line) => line.split(":"));
  return new Map(lines.map(([name = "", value = ""]) => [name.trim(), value.trim()]));
}
