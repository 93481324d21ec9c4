import { type BoxConfig, type BoxId, type HomeLayout, isNetworkName } from "@a3s/core";
import { type JailMode, joinSwitch, renameMember, type Station, type SwitchPlace, type SwitchSeat } from "@a3s/vm";
import { NetworkStore } from "./network-store.ts";

/** The place of a box at its network, for one VM. */
export interface BoxSeat extends SwitchSeat, Station {
  /** Bits of the address that are the network's. */
  readonly prefixLength: number;
  /** Where it asks for names. */
  readonly nameServer: string;
}

/** A box that is about to be on a network. */
export interface Joining {
  readonly id: BoxId;
  readonly config: Pick<BoxConfig, "network">;
  /** Missing for a box that ends with its process. */
  readonly name?: string | undefined;
  readonly jail: JailMode | undefined;
  readonly signal: AbortSignal;
}

/**
 * Takes the place of a box whose VM is about to start, at a switch that is started when there is none; undefined for a box that is on no
 * network of boxes. Disposing of it before the VM has connected gives it up.
 *
 * @throws RuntimeError `NETWORK_NOT_FOUND`, `NETWORK_DAMAGED`, `NETWORK_FULL`; VmError `SWITCH_FAILED`; the signal's reason
 */
export async function takeSeat(
  home: HomeLayout,
  { id, config, name, jail, signal }: Joining,
): Promise<BoxSeat | undefined> {
  if (!isNetworkName(config.network)) return undefined;
  const store = new NetworkStore(home);
  const { address, mac } = await store.enroll(config.network, id, signal);
  const names = namesOf(id, name);
  return await store.atSwitch(config.network, signal, async (place, prefixLength) => {
    const seat = await joinSwitch(place, { address, mac, names }, { jail, signal });
    return { ...seat, address, mac, prefixLength, nameServer: place.gateway.address };
  });
}

/** The switch of a box, running or not, and its place there; undefined for one that is on no network of boxes, or whose network is not what it was. */
export async function switchOf(
  home: HomeLayout,
  { id, config }: Pick<Joining, "id" | "config">,
  signal?: AbortSignal,
): Promise<{ readonly place: SwitchPlace; readonly member: Station } | undefined> {
  if (!isNetworkName(config.network)) return undefined;
  const store = new NetworkStore(home);
  const found = await store.find(config.network, id, signal);
  return found && { place: store.switchPlace(found.network), member: found.member };
}

/** Lets others of the network find a box by its new name, if it runs, and the network is what it was. */
export async function renameOnNetwork(
  home: HomeLayout,
  { id, config, name }: Pick<Joining, "id" | "config"> & { readonly name: string },
): Promise<void> {
  const found = await switchOf(home, { id, config });
  if (found === undefined) return;
  await renameMember(found.place, { address: found.member.address, names: namesOf(id, name) });
}

/** The address of a box, running or not; undefined for one that is on no network of boxes. */
export async function addressOnNetwork(
  home: HomeLayout,
  box: Pick<Joining, "id" | "config">,
): Promise<string | undefined> {
  return (await switchOf(home, box))?.member.address;
}

function namesOf(id: BoxId, name: string | undefined): readonly string[] {
  return name === undefined ? [id] : [name, id];
}
