import { BlockList, isIPv4 } from "node:net";

/** A network card of the guest with one IPv4 address. */
export interface GuestInterface {
  /** By which the guest finds the card, such as "02:00:00:00:00:01"; each once. */
  readonly mac: string;
  /** Such as "192.0.2.2": of one host of its network. */
  readonly address: string;
  /** Bits of the address that are the network's: 1 to 30. */
  readonly prefixLength: number;
  /** Whom all goes to that is for another network: an address of this one. Nobody by default; at most one interface has one. */
  readonly gateway?: string | undefined;
  /** Largest packet in bytes, 68 to 65535; as the card has it by default. */
  readonly mtu?: number | undefined;
}

/** As many cards as a VM can have. */
const MAX_INTERFACES = 8;

/** What of the interfaces no guest can take; nothing when all is right. The guest checks the rest. */
export function interfaceFaults(interfaces: readonly GuestInterface[]): string[] {
  const faults: string[] = [];
  const check = (right: boolean, fault: string) => void (right || faults.push(fault));
  check(interfaces.length <= MAX_INTERFACES, `interfaces: at most ${MAX_INTERFACES}`);
  for (const [index, { mac, address, prefixLength, gateway, mtu = 1500 }] of interfaces.entries()) {
    const field = `interfaces.${index}`;
    check(/^([0-9a-f]{2}:){5}[0-9a-f]{2}$/i.test(mac), `${field}.mac: six bytes in hexadecimal`);
    check(isIPv4(address), `${field}.address: an IPv4 address`);
    const prefix = Number.isInteger(prefixLength) && prefixLength >= 1 && prefixLength <= 30;
    check(prefix, `${field}.prefixLength: 1 to 30`);
    if (gateway !== undefined && prefix && isIPv4(address)) {
      check(
        isNeighbour(gateway, address, prefixLength),
        `${field}.gateway: another address of the interface's network`,
      );
    }
    check(Number.isInteger(mtu) && mtu >= 68 && mtu <= 65_535, `${field}.mtu: 68 to 65535`);
  }
  const macs = new Set(interfaces.map(({ mac }) => mac.toLowerCase()));
  check(macs.size === interfaces.length, "interfaces: each card once");
  const gateways = interfaces.filter(({ gateway }) => gateway !== undefined);
  check(gateways.length <= 1, "interfaces: at most one with a gateway");
  return faults;
}

function isNeighbour(gateway: string, address: string, prefixLength: number): boolean {
  if (!isIPv4(gateway) || gateway === address) return false;
  const network = new BlockList();
  network.addSubnet(address, prefixLength);
  return network.check(gateway);
}
