import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { constants } from "node:os";
import type { Duplex } from "node:stream";
import { raceSignal } from "@a3s/core";
import { vmExecutor } from "../native/vm-host-command.ts";
import type { JailMode } from "../process/jail.ts";
import { loaderEnvironment } from "../process/loader-environment.ts";
import { SwitchConnection } from "./switch-connection.ts";
import { switchError } from "./switch-error.ts";
import type { SwitchPlace } from "./switch-place.ts";

/**
 * Starts the switch of a network, which outlives this process and ends when nobody is there: neither a connection like the answer nor a
 * member. Undefined when there is one in its place, whether it still takes anybody or not.
 *
 * @throws VmError `SWITCH_FAILED`; the signal's reason
 */
export async function startSwitch(
  vmHost: string,
  { directory, statePath, gateway }: SwitchPlace,
  { jail, signal }: { readonly jail: JailMode; readonly signal: AbortSignal },
): Promise<SwitchConnection | undefined> {
  if (vmExecutor(vmHost) === "node") {
    throw switchError(`needs the native vm-host, and the one at ${vmHost} is a program for Node.js`);
  }
  const child = await spawnSwitch(vmHost);
  const connection = new SwitchConnection(child.stdio[3] as Duplex);
  const start = { version: 1, directory, statePath, gateway: station(gateway), jail };
  const answer = await raceSignal(connection.ask(start), signal).catch((reason) => {
    connection[Symbol.dispose]();
    throw reason;
  });
  if (answer !== undefined && "ready" in answer) return connection;
  connection[Symbol.dispose]();
  if (answer === undefined || !("failed" in answer)) throw switchError(`did not start: vm-host at ${vmHost} ended`);
  const { failed } = answer;
  if (failed.what === "statePath" && failed.errno === constants.errno.EBUSY) return undefined;
  throw switchError(`did not start: ${failed.what}: ${failed.message}`, failed);
}

async function spawnSwitch(vmHost: string): Promise<ChildProcess> {
  const child = spawn(vmHost, ["switch"], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    // A session of its own: Ctrl-C in the starter's terminal must not end the network of other boxes.
    detached: true,
    cwd: "/",
    env: loaderEnvironment(),
  });
  child.unref();
  if (child.pid === undefined) {
    const [cause] = await once(child, "error");
    throw switchError(`cannot be run: there is no vm-host at ${vmHost}`, undefined, cause);
  }
  return child;
}

/** Nothing else that the caller's object has. */
export function station({ address, mac }: SwitchPlace["gateway"]): SwitchPlace["gateway"] {
  return { address, mac };
}
