import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { Readable } from "node:stream";
import { create, toBinary } from "@bufbuild/protobuf";
import { guestMainMessage } from "../src/doorbell/guest-main.ts";
import { MainProcessSchema } from "../src/gen/a3s/boot/v1/boot_pb.ts";
import { type AgentClient, connectAgent, type GuestMain } from "../src/index.ts";
import { killTree } from "./kill-tree.ts";
import { scratchDirectory } from "./scratch.ts";

const NATIVE = join(import.meta.dirname, "../../../native");
/** The one that ships, or a developer's own build. */
const BUILDS = [`npm/${process.platform}-${process.arch}/guest/a3s-agent`, "target/debug/a3s-agent"];

/** The real guest agent, serving its real services on a Unix socket of this machine, and a client of it. */
export interface RealAgent extends AsyncDisposable {
  readonly client: AgentClient;
  readonly socketPath: string;
  readonly pid: number;
  /** What the main process writes into the host's log; nothing without one. */
  readonly log: { readonly stdout: Readable; readonly stderr: Readable };
  /** Resolves with the agent's exit code, which is the main process's. */
  readonly exitCode: Promise<number>;
  /** Ends the agent, and all that it has started, as the end of a VM would: at once. */
  kill(): void;
}

/** @param main Its main process; none by default. */
export async function startRealAgent(main?: GuestMain): Promise<RealAgent> {
  const program = BUILDS.map((build) => join(NATIVE, build)).find((path) => existsSync(path));
  if (program === undefined) throw new Error("There is no guest agent to test against: run node native/build.mjs");
  const scratch = await scratchDirectory();
  const socketPath = join(scratch.path, "agent.sock");
  const args = ["serve", "--unix", socketPath];
  if (main !== undefined) {
    const description = join(scratch.path, "main");
    await writeFile(description, toBinary(MainProcessSchema, create(MainProcessSchema, guestMainMessage(main))));
    args.push("--main", description);
  }
  const logs = main === undefined ? [] : (["pipe", "pipe"] as const);
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit", ...logs] });
  const [, said, , stdout, stderr] = child.stdio as (Readable | undefined)[];
  if (said == null) throw new Error("The guest agent has no stdout");
  const exited = once(child, "exit");
  // It says "serving PATH" when the socket takes connections.
  await Promise.race([
    once(createInterface(said), "line"),
    exited.then(([code]) => Promise.reject(new Error(`The guest agent ended with ${code} before it served`))),
  ]);
  const client = connectAgent({ socketPath });
  const kill = () => {
    // Nobody else has taken its number before its exit is known.
    if (child.exitCode === null && child.signalCode === null) killTree(child.pid as number);
  };
  return {
    client,
    socketPath,
    pid: child.pid as number,
    log: { stdout: stdout ?? Readable.from([]), stderr: stderr ?? Readable.from([]) },
    exitCode: exited.then(([code]) => code),
    kill,
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      kill();
      await exited;
      await scratch[Symbol.asyncDispose]();
    },
  };
}
