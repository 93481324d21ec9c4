import { spawnSync } from "node:child_process";
import { accessSync, constants } from "node:fs";
import type { JailMeasure } from "../../process/jail.ts";
import type { StartRequest } from "../request/start-request.ts";

/** util-linux, which every distribution with glibc has. */
const PROGRAMS = ["/usr/bin/unshare", "/bin/unshare"];
/** It takes some milliseconds; the rest is for a slow machine. */
const TRIAL_TIMEOUT_MS = 10_000;

/** How a program is started in namespaces of its own. */
export interface Namespaces {
  /** The command that comes before the program's; empty when there are none. */
  readonly command: readonly string[];
  readonly measures: readonly JailMeasure[];
  /** Why there are none. */
  readonly refusal: string | undefined;
}

/**
 * Tries which namespaces the VM process can have. unshare(2) refuses a user namespace to a process with several threads,
 * as Node.js always is, so unshare(1) enters them and then becomes Node.js.
 */
export function findNamespaces(network: StartRequest["jail"]["network"], user: number): Namespaces {
  const program = PROGRAMS.find(isExecutable);
  if (program === undefined) return none("unshare(1) of util-linux is not installed");
  const { flags, measures } = planNamespaces(network, user);
  const command = [program, ...flags, "--"];
  const trial = spawnSync(program, [...flags, "--", program, "--version"], {
    stdio: ["ignore", "ignore", "pipe"],
    timeout: TRIAL_TIMEOUT_MS,
    env: {},
  });
  if (trial.status === 0) return { command, measures, refusal: undefined };
  return none(trial.stderr?.toString().trim() || `unshare(1) ended with ${trial.signal ?? trial.status}`);
}

/** Root gets no user namespace: unshare(1) maps one user, and the files of an image belong to many. Pure. */
export function planNamespaces(
  network: StartRequest["jail"]["network"],
  user: number,
): { readonly flags: readonly string[]; readonly measures: readonly JailMeasure[] } {
  const isRoot = user === 0;
  const isolated = network === "isolated";
  return {
    flags: [
      ...(isRoot ? [] : ["--user", "--map-root-user"]),
      ...["--mount", "--propagation", "private", "--ipc", "--uts"],
      ...(isolated ? ["--net"] : []),
    ],
    measures: [
      ...(isRoot ? [] : (["user-namespace"] as const)),
      ...(["mount-namespace", "ipc-namespace", "uts-namespace"] as const),
      ...(isolated ? (["network-namespace"] as const) : []),
    ],
  };
}

function none(refusal: string): Namespaces {
  return { command: [], measures: [], refusal };
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
