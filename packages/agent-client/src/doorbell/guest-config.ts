import { randomBytes } from "node:crypto";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { AgentError } from "../errors/agent-error.ts";
import type { GuestConfigSchema, MountSchema } from "../gen/a3s/boot/v1/boot_pb.ts";
import { type GuestInterface, interfaceFaults } from "./guest-interface.ts";
import { type GuestMain, guestMainMessage, mainFault } from "./guest-main.ts";
import { type GuestHost, type GuestResolver, namesFaults } from "./guest-names.ts";

/** What a guest needs to become a box. */
export interface GuestConfig {
  /** `[a-z0-9]{12}` */
  readonly boxId: string;
  /** RFC 1123 host name, at most 63 bytes. */
  readonly hostname: string;
  readonly root: GuestRoot;
  /** Mounted in order. */
  readonly mounts: readonly GuestMount[];
  /** Without one the guest runs until it is shut down. */
  readonly main?: GuestMain | undefined;
  /** Further lines of /etc/hosts; none by default. */
  readonly hosts?: readonly GuestHost[] | undefined;
  /** An empty /etc/resolv.conf by default. */
  readonly resolver?: GuestResolver | undefined;
  /** Parameters of the guest's kernel by name: `net.*`, `kernel.shm*`, `kernel.msg*`, `kernel.sem` and `fs.mqueue.*`. */
  readonly sysctls?: Readonly<Record<string, string>> | undefined;
  /** The network cards that get an address, at most 8; none by default. Others stay down. */
  readonly interfaces?: readonly GuestInterface[] | undefined;
}

/** The root file system: a read-only share, and a writable layer over it. */
export interface GuestRoot {
  /** virtio-fs tag of the image's share, at most 36 bytes. */
  readonly lowerTag: string;
  /** No writable layer. */
  readonly readOnly: boolean;
  /** Limit of the writable layer while it lives in the guest's memory; 0 means half of that memory. */
  readonly upperSizeBytes: number;
  /** Block device with an ext4 file system that takes the writable layer instead, such as `/dev/vda`; none by default. */
  readonly upperDevice?: string | undefined;
}

/** A share or a memory file system at a path of the guest. */
export type GuestMount =
  | {
      readonly kind: "virtio-fs";
      /** At most 36 bytes. */
      readonly tag: string;
      /** Name of the directory or file in the share that is mounted; the share itself by default. */
      readonly entry?: string | undefined;
      /** Absolute path in the guest; created when missing, as a file when a file is mounted there. */
      readonly target: string;
      readonly readOnly: boolean;
    }
  | {
      readonly kind: "tmpfs";
      readonly target: string;
      readonly readOnly: boolean;
      /** 0 means half of the guest's memory. */
      readonly sizeBytes: number;
      /** Mode of the mounted directory, such as 0o1777. */
      readonly mode: number;
    };

/** Longest virtio-fs tag in bytes (virtio 1.3, 5.11.4). */
const MAX_TAG_BYTES = 36;
/** limits.h: NAME_MAX. */
const MAX_NAME_BYTES = 255;

/** Refuses what no guest can take, before a VM is started for it. @throws {@link AgentError} `GUEST_CONFIG_INVALID` */
export function checkGuestConfig(config: GuestConfig): void {
  const faults: string[] = [];
  const check = (right: boolean, fault: string) => void (right || faults.push(fault));
  const checkTag = (tag: string, field: string) =>
    check(/^[\x21-\x7e]+$/.test(tag) && tag.length <= MAX_TAG_BYTES, `${field}: 1 to ${MAX_TAG_BYTES} printable bytes`);
  const checkSize = (bytes: number, field: string) =>
    check(Number.isSafeInteger(bytes) && bytes >= 0, `${field}: a whole number of bytes`);
  check(/^[a-z0-9]{12}$/.test(config.boxId), "boxId: 12 characters of a-z and 0-9");
  check(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(config.hostname), "hostname: an RFC 1123 host name");
  checkTag(config.root.lowerTag, "root.lowerTag");
  checkSize(config.root.upperSizeBytes, "root.upperSizeBytes");
  check(/^\/dev\/[a-z0-9]+$/.test(config.root.upperDevice ?? "/dev/vda"), "root.upperDevice: a device in /dev");
  for (const [index, mount] of config.mounts.entries()) {
    const field = `mounts.${index}`;
    check(/^\/[^\0]*$/.test(mount.target), `${field}.target: an absolute path`);
    if (mount.kind === "virtio-fs") {
      checkTag(mount.tag, `${field}.tag`);
      check(isEntry(mount.entry ?? "entry"), `${field}.entry: the name of a file`);
    } else {
      checkSize(mount.sizeBytes, `${field}.sizeBytes`);
      check(Number.isInteger(mount.mode) && mount.mode >= 0 && mount.mode <= 0o7777, `${field}.mode: permission bits`);
    }
  }
  faults.push(...namesFaults(config.hosts ?? [], config.resolver, config.sysctls ?? {}));
  faults.push(...interfaceFaults(config.interfaces ?? []));
  const fault = config.main && mainFault(config.main);
  check(fault === undefined, `main: ${fault}`);
  if (faults.length === 0) return;
  throw new AgentError({
    code: "GUEST_CONFIG_INVALID",
    message: `The configuration of the guest is invalid: ${faults.join("; ")}`,
    hint: "Correct the fields named above.",
    details: { faults },
  });
}

function isEntry(name: string): boolean {
  return /^[^/\0]+$/.test(name) && !/^\.\.?$/.test(name) && Buffer.byteLength(name) <= MAX_NAME_BYTES;
}

/** Bytes of the host's randomness that a guest begins with. */
const SEED_BYTES = 64;

/** The message for the guest; `hostTime` becomes the guest's clock. */
export function guestConfigMessage(config: GuestConfig, hostTime: Date): MessageInitShape<typeof GuestConfigSchema> {
  const { boxId, hostname, root, mounts } = config;
  return {
    boxId,
    hostname,
    hostTime: timestampFromDate(hostTime),
    root: {
      lowerTag: root.lowerTag,
      readOnly: root.readOnly,
      upperSizeBytes: BigInt(root.upperSizeBytes),
      upperDevice: root.upperDevice ?? "",
    },
    mounts: mounts.map(mountMessage),
    ...(config.main !== undefined && { main: guestMainMessage(config.main) }),
    hosts: (config.hosts ?? []).map(({ address, names }) => ({ address, names: [...names] })),
    ...(config.resolver !== undefined && { resolver: resolverMessage(config.resolver) }),
    sysctls: Object.entries(config.sysctls ?? {}).map(([name, value]) => ({ name, value })),
    interfaces: (config.interfaces ?? []).map(interfaceMessage),
    randomSeed: randomBytes(SEED_BYTES),
  };
}

function resolverMessage({ servers, search = [], options = [] }: GuestResolver) {
  return { servers: [...servers], search: [...search], options: [...options] };
}

function interfaceMessage({ mac, address, prefixLength, gateway = "", mtu = 0 }: GuestInterface) {
  return { mac, address, prefixLength, gateway, mtu };
}

function mountMessage(mount: GuestMount): MessageInitShape<typeof MountSchema> {
  const { target, readOnly } = mount;
  return mount.kind === "virtio-fs"
    ? { target, readOnly, source: { case: "virtioFs", value: { tag: mount.tag, entry: mount.entry ?? "" } } }
    : { target, readOnly, source: { case: "tmpfs", value: { sizeBytes: BigInt(mount.sizeBytes), mode: mount.mode } } };
}
