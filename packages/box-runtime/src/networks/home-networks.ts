import { BoxError, type BoxId } from "@a3s/core";
import { readSwitch } from "@a3s/vm";
import type { BoxPlace } from "../boxes/box-place.ts";
import { lookAtBox } from "../boxes/look-at-box.ts";
import { findPasst, PASST_FIX } from "../network/find-passt.ts";
import { NetworkStore, type StoredNetwork } from "./network-store.ts";
import type {
  Network,
  NetworkCall,
  NetworkCreateOptions,
  NetworkMember,
  NetworkSummary,
  Networks,
  NetworkTraffic,
} from "./networks.ts";

const KINDS: readonly NetworkSummary[] = [
  { name: "none", kind: "none", outgoing: false, ports: false, description: "no card and no sockets of the host" },
  {
    ...{ name: "passt", kind: "passt", outgoing: true, ports: true },
    description: "a network card; passt carries it to the host's network",
  },
  {
    ...{ name: "tsi", kind: "tsi", outgoing: true, ports: true },
    description: "the guest's sockets are opened by the host",
  },
];

interface KnownBox {
  readonly name: string | undefined;
  readonly running: boolean;
}

/** The networks of a home directory; see {@link Networks}. Constructing it touches nothing. */
export class HomeNetworks implements Networks {
  readonly #place: BoxPlace;
  readonly #store: NetworkStore;

  constructor(place: BoxPlace) {
    this.#place = place;
    this.#store = new NetworkStore(place.home);
  }

  async create(name: string, { signal, ...settings }: NetworkCreateOptions = {}): Promise<Network> {
    return await this.#describe(await this.#store.create(name, settings, signal));
  }

  async get(name: string, { signal }: NetworkCall = {}): Promise<Network> {
    return await this.#describe(await this.#store.get(name, signal));
  }

  async list({ signal }: NetworkCall = {}): Promise<readonly NetworkSummary[]> {
    const passt = await findPasst();
    const kinds = KINDS.map((network) =>
      network.kind === "passt" && passt === undefined ? { ...network, missing: PASST_FIX } : network,
    );
    return [...kinds, ...(await this.#store.list(signal)).map(summarize)];
  }

  async remove(name: string, { signal }: NetworkCall = {}): Promise<void> {
    await this.#store.remove(name, signal);
  }

  async prune({ signal }: NetworkCall = {}): Promise<readonly string[]> {
    return await this.#store.prune(signal);
  }

  async #describe(network: StoredNetwork): Promise<Network> {
    const { name, record, boxes } = network;
    const inUse = boxes.length > 0;
    if ("damage" in record) return { name, labels: {}, inUse, members: [], damage: record.damage };
    const { createdAt, subnet, labels } = record;
    const place = this.#store.switchPlace(network);
    // First: a box is connected before it runs.
    const known = new Map<BoxId, KnownBox>();
    for (const { box } of network.members) known.set(box, await this.#look(box));
    const read = await readSwitch(place);
    const readings = new Map((read ?? []).map((reading) => [reading.address, reading]));
    const members = network.members.map(({ box, address, mac }): NetworkMember => {
      const { connected = false, address: _, ...traffic } = readings.get(address) ?? {};
      const { name, running } = known.get(box) as KnownBox;
      return {
        box,
        ...(name === undefined ? {} : { name }),
        ...{ address, mac },
        ...(connected ? { traffic: traffic as NetworkTraffic } : {}),
        ...(running && !connected && read !== undefined ? { offline: true } : {}),
      };
    });
    return { name, createdAt, subnet, gateway: place.gateway.address, labels, inUse, members };
  }

  /** Of one that ends with its process nothing is known. */
  async #look(box: BoxId): Promise<KnownBox> {
    const record = await this.#place.store.read(box);
    if (record === undefined || "damage" in record) return { name: undefined, running: false };
    return { name: record.name, running: await this.#runs(box) };
  }

  async #runs(box: BoxId): Promise<boolean> {
    try {
      using seen = await lookAtBox(this.#place, box);
      return seen.life === "running";
    } catch (error) {
      if (error instanceof BoxError && ["BOX_NOT_FOUND", "BOX_DAMAGED"].includes(error.code)) return false;
      throw error;
    }
  }
}

function summarize({ name, record, boxes }: StoredNetwork): NetworkSummary {
  return {
    ...{ name, kind: "named", outgoing: false, ports: false },
    description: "damage" in record ? `damaged: ${record.damage}` : "its boxes reach each other, and nobody else",
    ...("damage" in record ? {} : { subnet: record.subnet }),
    inUse: boxes.length > 0,
  };
}
