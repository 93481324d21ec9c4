import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { type AgentClient, connectAgent } from "../src/index.ts";
import { scratchDirectory } from "./scratch.ts";

const NATIVE = join(import.meta.dirname, "../../../native");
/** The one that ships, or a developer's own build. */
const BUILDS = [`npm/${process.platform}-${process.arch}/guest/a3s-agent`, "target/debug/a3s-agent"];

/** The real guest agent, serving its real services on a Unix socket of this machine, and a client of it. */
export interface RealAgent extends AsyncDisposable {
  readonly client: AgentClient;
  readonly socketPath: string;
  readonly pid: number;
  /** Ends the agent as the end of a VM would: at once. */
  kill(): void;
}

export async function startRealAgent(): Promise<RealAgent> {
  const program = BUILDS.map((build) => join(NATIVE, build)).find((path) => existsSync(path));
  if (program === undefined) throw new Error("There is no guest agent to test against: run node native/build.mjs");
  const scratch = await scratchDirectory();
  const socketPath = join(scratch.path, "agent.sock");
  const child = spawn(program, ["serve", "--unix", socketPath], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(child, "exit");
  // It says "serving PATH" when the socket takes connections.
  await Promise.race([
    once(createInterface(child.stdout), "line"),
    exited.then(([code]) => Promise.reject(new Error(`The guest agent ended with ${code} before it served`))),
  ]);
  const client = connectAgent({ socketPath });
  return {
    client,
    socketPath,
    pid: child.pid as number,
    kill: () => void child.kill("SIGKILL"),
    async [Symbol.asyncDispose]() {
      await client[Symbol.asyncDispose]();
      child.kill("SIGKILL");
      await exited;
      await scratch[Symbol.asyncDispose]();
    },
  };
}
