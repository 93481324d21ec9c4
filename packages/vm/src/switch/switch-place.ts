import { join } from "node:path";

/** Addresses on a network. */
export interface Station {
  /** IPv4, such as "10.163.0.2". */
  readonly address: string;
  /** Of its card, such as "02:a3:0a:a3:00:02": locally administered, and its last byte is that of the address. */
  readonly mac: string;
}

/** Where the switch of a network is. */
export interface SwitchPlace {
  /** Absolute path of the directory for its sockets, which is there, empty, and nobody's but the owner's: at most 97 bytes. */
  readonly directory: string;
  /** Absolute path for the record of who it is, in a directory that is there; a FIFO lies beside it, at `PATH.alive`. */
  readonly statePath: string;
  /** The switch's own addresses: the others of the network are in the same /24. It answers pings there, and asks for names. */
  readonly gateway: Station;
}

/** A VM that is about to join. */
export interface SwitchMember extends Station {
  /** By which others find its address: at most 8 of at most 253 characters, in any letters. */
  readonly names: readonly string[];
}

export function controlSocket({ directory }: SwitchPlace): string {
  return join(directory, "ctl.sock");
}

/** Name of the socket that a member's VM connects to. */
export function memberSocket({ address }: Station): string {
  return `${address.slice(address.lastIndexOf(".") + 1)}.sock`;
}
