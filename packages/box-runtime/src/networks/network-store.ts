import { lstat, mkdir, open, readdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { type BoxId, type HomeLayout, isNetworkName, syncDirectory, unlessMissing, withFileLock } from "@a3s/core";
import { type StagedDirectory, Staging } from "@a3s/rootfs";
import type { Station, SwitchPlace } from "@a3s/vm";
import { makePrivate } from "../boot/box-directories.ts";
import {
  networkDamaged,
  networkExists,
  networkFull,
  networkInUse,
  networkNotFound,
  networkOverlaps,
  noFreeSubnet,
  requireNetworkName,
  subnetInvalid,
} from "./network-error.ts";
import {
  type NetworkRecord,
  newNetworkId,
  parseNetworkLabels,
  readNetworkRecord,
  writeNetworkRecord,
} from "./network-record.ts";
import {
  DEFAULT_POOL,
  formatSubnet,
  freeHost,
  freeSubnet,
  gatewayOf,
  memberOf,
  overlap,
  parseSubnet,
  type Subnet,
} from "./subnet.ts";

/** A box on a network, running or not. */
export interface StoredMember extends Station {
  readonly box: BoxId;
}

/** What is on disk of a network. */
export interface StoredNetwork {
  readonly name: string;
  readonly record: NetworkRecord | { readonly damage: string };
  /** None where the record is damaged: their addresses are not known. By address. */
  readonly members: readonly StoredMember[];
  /** Ids of all boxes that are on it. */
  readonly boxes: readonly BoxId[];
}

/** How a new network is. */
export interface NetworkSettings {
  readonly subnet?: string | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** A member is an empty file: its box, and what its address ends in. */
const MEMBER = /^([a-z0-9]{12})\.(\d{1,3})$/;

/**
 * Networks of boxes: `networks/NAME/network.json`, which is written once, and `networks/NAME/members`. What is here changes under one lock, for
 * moments; constructing this touches nothing.
 */
export class NetworkStore {
  readonly #directory: string;
  readonly #run: string;
  readonly #staging: Staging;

  constructor(home: Pick<HomeLayout, "networks" | "run">) {
    this.#directory = home.networks;
    this.#run = join(home.run, "net");
    this.#staging = new Staging(join(home.networks, ".staging"));
  }

  /** @throws RuntimeError `NETWORK_INVALID`, `NETWORK_EXISTS`, `NETWORK_OVERLAPS`, `NETWORK_FULL` */
  async create(name: string, settings: NetworkSettings, signal?: AbortSignal): Promise<StoredNetwork> {
    requireNetworkName(name);
    const labels = parseNetworkLabels(settings.labels ?? {});
    const wanted = settings.subnet === undefined ? undefined : requireSubnet(settings.subnet);
    return await this.#locked(signal, async () => {
      const others = await this.#list();
      if (others.some((other) => other.name === name)) throw networkExists(name);
      const subnet = formatSubnet(chooseSubnet(wanted, others));
      const record = { version: 1, id: newNetworkId(), createdAt: new Date().toISOString(), subnet, labels } as const;
      await this.#staging.sweep();
      await using staged = await this.#staging.create();
      await mkdir(join(staged.path, "members"), { mode: 0o700 });
      await writeNetworkRecord(join(staged.path, "network.json"), record);
      await rename(staged.path, this.#path(name));
      await syncDirectory(this.#directory);
      return await this.#read(name);
    });
  }

  /** @throws RuntimeError `NETWORK_INVALID`, `NETWORK_NOT_FOUND` */
  async get(name: string, signal?: AbortSignal): Promise<StoredNetwork> {
    requireNetworkName(name);
    return await this.#locked(signal, () => this.#require(name));
  }

  /** All of them, by name. */
  async list(signal?: AbortSignal): Promise<readonly StoredNetwork[]> {
    if (!(await this.#isThere())) return [];
    return await this.#locked(signal, () => this.#list());
  }

  /** @throws RuntimeError `NETWORK_INVALID`, `NETWORK_NOT_FOUND`, `NETWORK_IN_USE` */
  async remove(name: string, signal?: AbortSignal): Promise<void> {
    requireNetworkName(name);
    await using _gone = await this.#locked(signal, async () => {
      const network = await this.#require(name);
      if (network.boxes.length > 0) throw networkInUse(name, network.boxes);
      return await this.#take(network);
    });
  }

  /** Removes every network that no box is on. @returns their names. */
  async prune(signal?: AbortSignal): Promise<readonly string[]> {
    const gone: StagedDirectory[] = [];
    try {
      return await this.#locked(signal, async () => {
        const idle = (await this.#list()).filter(({ boxes }) => boxes.length === 0);
        for (const network of idle) {
          const taken = await this.#take(network);
          if (taken !== undefined) gone.push(taken);
        }
        return idle.map(({ name }) => name);
      });
    } finally {
      for (const directory of gone) await directory[Symbol.asyncDispose]();
    }
  }

  /**
   * Gives a box an address, which it keeps until it is withdrawn: the one that it has, where it has one.
   *
   * @throws RuntimeError `NETWORK_NOT_FOUND`, `NETWORK_DAMAGED`, `NETWORK_FULL`
   */
  async enroll(name: string, box: BoxId, signal?: AbortSignal): Promise<StoredMember> {
    return await this.#locked(signal, async () => {
      const { record, members } = await this.#require(name);
      if ("damage" in record) throw networkDamaged(name, record.damage);
      const known = members.find((member) => member.box === box);
      if (known !== undefined) return known;
      const subnet = requireSubnet(record.subnet);
      const host = freeHost(subnet, new Set(members.map(({ address }) => Number(address.split(".")[3]))));
      if (host === undefined) throw networkFull(name, record.subnet);
      const directory = this.#path(name, "members");
      await (await open(join(directory, `${box}.${host}`), "ax", 0o600)).close();
      await syncDirectory(directory);
      return { box, ...memberOf(subnet, host) };
    });
  }

  /** A box on a network; undefined when it has no place there, or nobody can tell. */
  async find(
    name: string,
    box: BoxId,
    signal?: AbortSignal,
  ): Promise<{ readonly network: StoredNetwork; readonly member: StoredMember } | undefined> {
    if ((await unlessMissing(lstat(this.#path(name)))) === undefined) return undefined;
    const network = await this.#locked(signal, () => this.#read(name));
    const member = network.members.find((each) => each.box === box);
    return member && { network, member };
  }

  /** Takes a box from all networks. */
  async withdraw(box: BoxId, signal?: AbortSignal): Promise<void> {
    if (!(await this.#isThere())) return;
    await this.#locked(signal, async () => {
      for (const name of await this.#names()) {
        const directory = this.#path(name, "members");
        for (const file of (await unlessMissing(readdir(directory))) ?? []) {
          if (file.startsWith(`${box}.`)) await rm(join(directory, file), { force: true });
        }
      }
    });
  }

  /** All boxes that are on a network. */
  async boxes(signal?: AbortSignal): Promise<ReadonlySet<BoxId>> {
    return new Set((await this.list(signal)).flatMap(({ boxes }) => boxes));
  }

  /** Removes the sockets of networks that are gone. */
  async sweep(signal?: AbortSignal): Promise<void> {
    const found = await unlessMissing(readdir(this.#run));
    if (found === undefined) return;
    await this.#locked(signal, async () => {
      const records = (await this.#list()).map(({ record }) => record);
      // One that cannot be read may be that of any of them.
      if (records.some((record) => "damage" in record)) return;
      const ids = new Set(records.map((record) => (record as NetworkRecord).id));
      for (const id of found) if (!ids.has(id)) await rm(join(this.#run, id), { recursive: true, force: true });
    });
  }

  /** Where the switch of a network is, or would be. */
  switchPlace({ name, record }: StoredNetwork): SwitchPlace {
    if ("damage" in record) throw networkDamaged(name, record.damage);
    return {
      directory: join(this.#run, record.id),
      statePath: this.#path(name, "switch.json"),
      gateway: gatewayOf(requireSubnet(record.subnet)),
    };
  }

  /** Runs a task that may start the switch of a network: one at a time. @throws RuntimeError `NETWORK_NOT_FOUND`, `NETWORK_DAMAGED` */
  async atSwitch<T>(
    name: string,
    signal: AbortSignal | undefined,
    task: (place: SwitchPlace, prefixLength: number) => Promise<T>,
  ): Promise<T> {
    const network = await this.get(name, signal);
    const place = this.switchPlace(network);
    for (const directory of [this.#run, place.directory]) await makePrivate(directory);
    const { prefixLength } = requireSubnet((network.record as NetworkRecord).subnet);
    return await withFileLock(this.#path(name, "switch.lock"), signal, () => task(place, prefixLength));
  }

  /** Who only looks makes nothing. */
  async #isThere(): Promise<boolean> {
    return (await unlessMissing(lstat(this.#directory))) !== undefined;
  }

  async #locked<T>(signal: AbortSignal | undefined, task: () => Promise<T>): Promise<T> {
    await mkdir(join(this.#directory, ".staging"), { recursive: true, mode: 0o700 });
    return await withFileLock(join(this.#directory, ".lock"), signal, task);
  }

  async #list(): Promise<readonly StoredNetwork[]> {
    return await Promise.all((await this.#names()).map((name) => this.#read(name)));
  }

  async #names(): Promise<readonly string[]> {
    return (await readdir(this.#directory)).filter(isNetworkName).toSorted();
  }

  async #require(name: string): Promise<StoredNetwork> {
    if ((await unlessMissing(lstat(this.#path(name)))) === undefined) throw networkNotFound(name);
    return await this.#read(name);
  }

  async #read(name: string): Promise<StoredNetwork> {
    const record = await readNetworkRecord(this.#path(name, "network.json"));
    const files = (await unlessMissing(readdir(this.#path(name, "members")))) ?? [];
    const found = files
      .flatMap((file) => {
        const [, box = "", host] = MEMBER.exec(file) ?? [];
        return host === undefined ? [] : [{ box, host: Number(host) }];
      })
      .toSorted((one, other) => one.host - other.host);
    const boxes = found.map(({ box }) => box);
    if ("damage" in record) return { name, record, members: [], boxes };
    const subnet = requireSubnet(record.subnet);
    return { name, record, members: found.map(({ box, host }) => ({ box, ...memberOf(subnet, host) })), boxes };
  }

  /** Its sockets as well. Its switch ends with its last member, and there is none. */
  async #take({ name, record }: StoredNetwork): Promise<StagedDirectory | undefined> {
    if (!("damage" in record)) await rm(join(this.#run, record.id), { recursive: true, force: true });
    return await this.#staging.take(this.#path(name));
  }

  #path(...names: readonly string[]): string {
    return join(this.#directory, ...names);
  }
}

function requireSubnet(text: string): Subnet {
  const subnet = parseSubnet(text);
  if (typeof subnet === "string") throw subnetInvalid(text, subnet);
  return subnet;
}

/** Networks whose records are damaged do not say what they have. */
function chooseSubnet(wanted: Subnet | undefined, others: readonly StoredNetwork[]): Subnet {
  const taken = others.flatMap(({ name, record }) =>
    "damage" in record ? [] : [{ name, text: record.subnet, subnet: requireSubnet(record.subnet) }],
  );
  if (wanted === undefined) {
    const free = freeSubnet(taken.map(({ subnet }) => subnet));
    if (free === undefined) throw noFreeSubnet(DEFAULT_POOL);
    return free;
  }
  const other = taken.find(({ subnet }) => overlap(subnet, wanted));
  if (other !== undefined) throw networkOverlaps(formatSubnet(wanted), { name: other.name, subnet: other.text });
  return wanted;
}
