import type { BoxConfigInput, CommandRequest, ExecOptions } from "@a3s/box-runtime";
import { parseEnvironment } from "../../options/environment.ts";
import { parseSecurityOptions } from "../../options/security.ts";
import { parseSignal } from "../../options/signal.ts";
import { parseTmpfs } from "../../options/tmpfs.ts";
import { parseUlimits } from "../../options/ulimits.ts";
import { parseVolume } from "../../options/volume.ts";

/** Options that say what a box is, as the command line gives them. */
export interface BoxOptions {
  readonly image: string;
  readonly cpus?: number;
  readonly memory?: number;
  readonly disk?: number;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly volume: readonly string[];
  readonly tmpfs: readonly string[];
  readonly hostname?: string;
  readonly workdir?: string;
  readonly user?: string;
  readonly readOnly?: boolean;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly securityOpt: readonly string[];
  readonly ulimit: readonly string[];
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
  readonly bootTimeout?: number;
}

/** What the box is. */
export function boxConfigOf(options: BoxOptions): BoxConfigInput {
  return {
    image: options.image,
    vcpus: options.cpus,
    memoryMib: options.memory,
    readOnly: options.readOnly,
    hostname: options.hostname,
    diskMib: options.disk,
    tmpfs: options.tmpfs.map(parseTmpfs),
    bootTimeoutMs: milliseconds(options.bootTimeout),
    stopGraceMs: milliseconds(options.stopTimeout),
    volumes: options.volume.map((text) => parseVolume(text, process.cwd())),
  };
}

/** How its main process runs. */
export function processOf(options: BoxOptions): CommandRequest & ExecOptions {
  return {
    env: parseEnvironment(options.envFile, options.env, process.env),
    cwd: options.workdir,
    user: options.user,
    capabilities: { add: options.capAdd, drop: options.capDrop },
    rlimits: parseUlimits(options.ulimit),
    ...parseSecurityOptions(options.securityOpt),
    ...(options.stopSignal !== undefined && { stopSignal: parseSignal(options.stopSignal) }),
  };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
