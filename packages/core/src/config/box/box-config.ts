import * as v from "valibot";
import { fields } from "../fields.ts";
import { hostLabel } from "../host-name.ts";
import { type LocateField, parseConfig } from "../parse-config.ts";
import { capabilities } from "./capabilities.ts";
import { dns } from "./dns.ts";
import { extraHost } from "./extra-host.ts";
import { healthCheck } from "./health-check.ts";
import { DEFAULT_PULL_POLICY, image, platform, pullPolicy } from "./image.ts";
import { labels } from "./labels.ts";
import { bootTimeoutMs, DEFAULT_BOOT_TIMEOUT_MS, DEFAULT_STOP_GRACE_MS, lifetimeMs, stopGraceMs } from "./lifecycle.ts";
import { logs } from "./logs.ts";
import { DEFAULT_NETWORK, isNetworkName, network } from "./network.ts";
import { ports } from "./port.ts";
import { command, entrypoint, env, stopSignal, user, workdir } from "./process.ts";
import {
  DEFAULT_MEMORY_MIB,
  DEFAULT_VCPUS,
  diskMib,
  hasRoom,
  hasThreads,
  limits,
  MIN_VM_OVERHEAD_MIB,
  MIN_VM_THREADS,
  memoryMib,
  vcpus,
} from "./resources.ts";
import { DEFAULT_RESTART, restart } from "./restart.ts";
import { DEFAULT_NEW_PRIVILEGES, DEFAULT_SECCOMP, newPrivileges, seccomp } from "./rights.ts";
import { sysctls } from "./sysctls.ts";
import { tmpfs } from "./tmpfs.ts";
import { ulimits } from "./ulimits.ts";
import { volume } from "./volume.ts";

const each = fields({
  image,
  platform: v.optional(platform),
  pullPolicy: v.optional(pullPolicy, DEFAULT_PULL_POLICY),
  entrypoint: v.optional(entrypoint),
  command: v.optional(command),
  env: v.optional(env, {}),
  user: v.optional(user),
  workdir: v.optional(workdir),
  stopSignal: v.optional(stopSignal),
  ulimits: v.optional(ulimits, {}),
  capabilities: v.optional(capabilities, {}),
  newPrivileges: v.optional(newPrivileges, DEFAULT_NEW_PRIVILEGES),
  seccomp: v.optional(seccomp, DEFAULT_SECCOMP),
  vcpus: v.optional(vcpus, DEFAULT_VCPUS),
  memoryMib: v.optional(memoryMib, DEFAULT_MEMORY_MIB),
  diskMib: v.optional(diskMib),
  limits: v.optional(limits, {}),
  readOnly: v.optional(v.boolean(), false),
  volumes: v.optional(v.pipe(v.array(volume), v.maxLength(32)), []),
  tmpfs: v.optional(v.pipe(v.array(tmpfs), v.maxLength(32)), []),
  hostname: v.optional(hostLabel),
  network: v.optional(network, DEFAULT_NETWORK),
  ports: v.optional(ports, []),
  dns: v.optional(dns, {}),
  extraHosts: v.optional(v.pipe(v.array(extraHost), v.maxLength(256)), []),
  sysctls: v.optional(sysctls, {}),
  labels: v.optional(labels, {}),
  logs: v.optional(logs, {}),
  healthCheck: v.optional(healthCheck),
  restart: v.optional(restart, DEFAULT_RESTART),
  lifetimeMs: v.optional(lifetimeMs),
  bootTimeoutMs: v.optional(bootTimeoutMs, DEFAULT_BOOT_TIMEOUT_MS),
  stopGraceMs: v.optional(stopGraceMs, DEFAULT_STOP_GRACE_MS),
});

/** What is right in each field and wrong together. */
const boxConfig = v.pipe(
  each,
  v.forward(
    v.check(({ readOnly, diskMib }) => !readOnly || diskMib === undefined, "has no use in a read-only box"),
    ["diskMib"],
  ),
  v.forward(
    v.check(
      ({ network, ports }) => ports.length === 0 || (network !== "none" && !isNetworkName(network)),
      'needs a network that leads to the host, such as "passt"',
    ),
    ["ports"],
  ),
  v.forward(
    v.check((config) => hasRoom(config), `must be at least ${MIN_VM_OVERHEAD_MIB} above the box's memoryMib`),
    ["limits", "memoryMib"],
  ),
  v.forward(
    v.check((config) => hasThreads(config), `must be at least ${MIN_VM_THREADS} more than vcpus`),
    ["limits", "threads"],
  ),
);

/**
 * What a box is, complete: every default filled in (but those of `healthCheck`, where the image comes first), every short form written out. Plain data: what `JSON.stringify` makes of it is a
 * configuration again.
 *
 * Image
 *
 * | field | unit, bounds | default |
 * |---|---|---|
 * | `image` | reference, `oci:` directory | required |
 * | `platform` | `linux/ARCHITECTURE[/VARIANT]`, which this machine's CPU must run | this machine's |
 * | `pullPolicy` | `missing`, `always`, `never` | `missing` |
 *
 * Main process, and what `exec` starts beside it
 *
 * | field | unit, bounds | default |
 * |---|---|---|
 * | `entrypoint` | words; clears the image's command as well; `[]` for none | the image's |
 * | `command` | words after the entrypoint | the image's |
 * | `env` | names and values, over the image's | none |
 * | `user` | `user[:group]`, by name or number | the image's |
 * | `workdir` | absolute path | the image's |
 * | `stopSignal` | `SIGNAME`, `NAME` or number | the image's |
 * | `ulimits` | getrlimit(2) names: a number, or `soft` and `hard`; -1 for no limit | the guest's own |
 * | `capabilities` | `add` and `drop`, capabilities(7) or `ALL` | those that container engines give |
 * | `newPrivileges` | whether programs such as sudo give rights that a process has not | false |
 * | `seccomp` | `default`: the system calls that container engines allow; `unconfined`: all | `default` |
 *
 * Resources
 *
 * | field | unit, bounds | default |
 * |---|---|---|
 * | `vcpus` | 1 to 16 | 2 |
 * | `memoryMib` | MiB, 128 up | 1024 |
 * | `diskMib` | MiB of the root's writable layer on disk, 16 to 1 TiB | in memory, half of it |
 * | `limits` | of the whole VM on the host: `memoryMib` (64 above the box's), `cpus` (0.01 up), `threads` (32 above `vcpus`) | none |
 * | `readOnly` | root without a writable layer | false |
 * | `volumes` | at most 32 directories, files or named volumes | none |
 * | `tmpfs` | at most 32; `sizeMib` (half of the guest's memory), `mode` (0o1777) | none |
 * | `logs` | `maxBytes` (128 KiB up) of each of `files` (2 to 100) | 5 of 10 MiB |
 *
 * Network
 *
 * | field | unit, bounds | default |
 * |---|---|---|
 * | `network` | `none`, `passt`, `tsi`, or the name of a network of boxes | `none` |
 * | `ports` | at most 64, `[ADDRESS:]HOST_PORT:GUEST_PORT[/PROTOCOL]` or their fields; not without a network | none |
 * | `hostname` | RFC 1123 label | the box's id |
 * | `dns` | `servers` (3), `search` (32), `options` (32) for /etc/resolv.conf | none; with `passt`, the host's |
 * | `extraHosts` | at most 256, `NAME:ADDRESS` or their fields, for /etc/hosts | none |
 * | `sysctls` | at most 256 of `net.*`, `kernel.shm*`, `kernel.msg*`, `kernel.sem`, `fs.mqueue.*`, of the guest's kernel | its own |
 *
 * Life
 *
 * | field | unit, bounds | default |
 * |---|---|---|
 * | `bootTimeoutMs` | ms to Ready | 30000 |
 * | `stopGraceMs` | ms from asking to killing | 10000 |
 * | `labels` | at most 1024 names and values, kept and shown | none |
 * | `healthCheck` | `test` (words, `grpc`, `none`), `intervalMs` (30000), `timeoutMs` (30000), `retries` (3), `startPeriodMs` (0); done by a supervisor | each the image's |
 * | `restart` | `no`, `always`, `unless-stopped`, `on-failure[:N]`; done by a supervisor | `no` |
 * | `lifetimeMs` | ms from Ready, up to a year; done by a supervisor | none |
 */
export type BoxConfig = Readonly<v.InferOutput<typeof boxConfig>>;

/** What a caller writes: {@link BoxConfig} with everything but `image` optional. */
export type BoxConfigInput = Readonly<v.InferInput<typeof boxConfig>>;

/**
 * Checks a box configuration and fills in the defaults. Unknown fields are refused, with the one that was probably meant, so that a typing
 * error is not lost. What came out of it goes in again unchanged.
 *
 * @throws CoreError `CONFIG_INVALID`, naming each field that is wrong.
 */
export function parseBoxConfig(input: unknown): BoxConfig {
  return parseConfig(boxConfig, input, "box configuration");
}

/** The same for a configuration that was read from somewhere: `where` is named in the error, and `locate` says where in it a field is. */
export function parseBoxConfigOf(input: unknown, where: string, locate: LocateField): BoxConfig {
  return parseConfig(boxConfig, input, `box configuration ${where}`, locate);
}
