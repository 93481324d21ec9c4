import type { BoxConfigInput } from "@a3s/box-runtime";
import { parseEnvironment } from "../../options/environment.ts";
import { parseLabels } from "../../options/labels.ts";
import { parseSecurityOptions } from "../../options/security.ts";
import { parseSignal } from "../../options/signal.ts";
import { parseSupervision, type SupervisionOptions } from "../../options/supervision.ts";
import { parseTmpfs } from "../../options/tmpfs.ts";
import { parseUlimits } from "../../options/ulimits.ts";
import { parseVolume } from "../../options/volume.ts";

/** Options that say what a box is, as the command line gives them. */
export interface BoxOptions extends SupervisionOptions {
  readonly image: string;
  /** Behind the image; empty for the image's own. */
  readonly command: readonly string[];
  readonly addHost: readonly string[];
  readonly bootTimeout?: number;
  readonly capAdd: readonly string[];
  readonly capDrop: readonly string[];
  readonly cpus?: number;
  readonly disk?: number;
  readonly dns: readonly string[];
  readonly dnsOption: readonly string[];
  readonly dnsSearch: readonly string[];
  readonly entrypoint?: string;
  readonly env: readonly string[];
  readonly envFile: readonly string[];
  readonly hostname?: string;
  readonly label: readonly string[];
  readonly memory?: number;
  readonly network?: string;
  readonly platform?: string;
  readonly publish: readonly string[];
  readonly pull?: "missing" | "always" | "never";
  readonly readOnly?: boolean;
  readonly securityOpt: readonly string[];
  readonly stopSignal?: string;
  readonly stopTimeout?: number;
  readonly tmpfs: readonly string[];
  readonly ulimit: readonly string[];
  readonly user?: string;
  readonly volume: readonly string[];
  readonly workdir?: string;
}

/** What the box is. */
export function boxConfigOf(options: BoxOptions): BoxConfigInput {
  const supervised = parseSupervision(options);
  return {
    image: options.image,
    platform: options.platform,
    pullPolicy: options.pull,
    // As docker has it: one program, without the image's command; "" for none.
    entrypoint: options.entrypoint === undefined ? undefined : [options.entrypoint].filter((word) => word !== ""),
    command: options.command.length === 0 ? undefined : [...options.command],
    env: parseEnvironment(options.envFile, options.env, process.env),
    user: options.user,
    workdir: options.workdir,
    stopSignal: options.stopSignal === undefined ? undefined : parseSignal(options.stopSignal),
    ulimits: parseUlimits(options.ulimit),
    capabilities: { add: [...options.capAdd], drop: [...options.capDrop] },
    ...parseSecurityOptions(options.securityOpt),
    vcpus: options.cpus,
    memoryMib: options.memory,
    diskMib: options.disk,
    readOnly: options.readOnly,
    volumes: options.volume.map((text) => parseVolume(text, process.cwd())),
    tmpfs: options.tmpfs.map(parseTmpfs),
    hostname: options.hostname,
    extraHosts: [...options.addHost],
    dns: { servers: [...options.dns], search: [...options.dnsSearch], options: [...options.dnsOption] },
    network: options.network,
    ports: [...options.publish],
    labels: parseLabels(options.label),
    bootTimeoutMs: milliseconds(options.bootTimeout),
    stopGraceMs: milliseconds(options.stopTimeout),
    ...supervised,
    lifetimeMs: supervised.lifetimeMs ?? undefined,
  };
}

function milliseconds(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1000;
}
