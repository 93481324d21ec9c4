import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { busyboxImage } from "../images/busybox.ts";

/** What examples that need no VM find in their environment. */
export interface ExampleEnvironment extends AsyncDisposable {
  readonly env: Readonly<Record<"A3S_EXAMPLE_IMAGE" | "A3S_EXAMPLE_AGENT", string>>;
}

/** Makes a real image and starts the real guest agent on a Unix socket of this machine. */
export async function startExampleEnvironment(repository: string): Promise<ExampleEnvironment> {
  const { layout, tag } = await busyboxImage();
  const scratch = await mkdtemp(join(tmpdir(), "a3s-examples-"));
  const socket = join(scratch, "agent.sock");
  const program = join(repository, `native/npm/linux-${process.arch}/guest/a3s-agent`);
  const agent = spawn(program, ["serve", "--unix", socket], { stdio: ["ignore", "pipe", "inherit"] });
  const exited = once(agent, "exit");
  // It says "serving PATH" when the socket takes connections.
  await Promise.race([once(createInterface(agent.stdout), "line"), exited.then(endedEarly)]);
  return {
    env: { A3S_EXAMPLE_IMAGE: `oci:${layout}:${tag}`, A3S_EXAMPLE_AGENT: socket },
    async [Symbol.asyncDispose]() {
      agent.kill();
      await exited;
      await rm(scratch, { recursive: true, force: true });
    },
  };
}

function endedEarly([code]: unknown[]): never {
  throw new Error(`The guest agent ended with ${code} before it served`);
}
