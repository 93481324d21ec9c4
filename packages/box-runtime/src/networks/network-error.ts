import { isNetworkName } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";

/** @throws RuntimeError `NETWORK_INVALID` */
export function requireNetworkName(name: string): void {
  if (isNetworkName(name)) return;
  throw new RuntimeError({
    code: "NETWORK_INVALID",
    message: `${JSON.stringify(name)} cannot name a network`,
    hint: "Take 1 to 128 letters, digits and _.- of which the first is a letter or digit; none, tsi, passt, host, bridge and default mean something else.",
    details: { name },
  });
}

export function subnetInvalid(subnet: string, why: string): RuntimeError {
  return new RuntimeError({
    code: "NETWORK_INVALID",
    message: `${JSON.stringify(subnet)} cannot be the subnet of a network: ${why}`,
    hint: "Leave it out, and the network gets the first free /24 of 10.163.0.0/16.",
    details: { subnet },
  });
}

export function networkExists(name: string): RuntimeError {
  return new RuntimeError({
    code: "NETWORK_EXISTS",
    message: `There is a network ${name} already`,
    hint: "Take another name, or remove that network.",
    details: { name },
  });
}

export function networkOverlaps(
  subnet: string,
  other: { readonly name: string; readonly subnet: string },
): RuntimeError {
  return new RuntimeError({
    code: "NETWORK_OVERLAPS",
    message: `The subnet ${subnet} has addresses of the network ${other.name}, which has ${other.subnet}`,
    hint: "Take another subnet, or none: then one is found.",
    details: { subnet, network: other.name },
  });
}

export function noFreeSubnet(pool: string): RuntimeError {
  return new RuntimeError({
    code: "NETWORK_FULL",
    message: `All of ${pool} is taken by networks`,
    hint: "Remove some, or give a subnet of other addresses.",
    details: { pool },
  });
}

export function networkFull(name: string, subnet: string): RuntimeError {
  return new RuntimeError({
    code: "NETWORK_FULL",
    message: `The network ${name} has no address left in ${subnet}`,
    hint: "Remove boxes that have one, running or not, or make another network.",
    details: { name, subnet },
  });
}

export function networkNotFound(name: string): RuntimeError {
  return new RuntimeError({
    code: "NETWORK_NOT_FOUND",
    message: `There is no network ${name}`,
    hint: "List the networks: one is made by create() (a3s-box network create).",
    details: { name },
  });
}

export function networkInUse(name: string, boxes: readonly string[]): RuntimeError {
  return new RuntimeError({
    code: "NETWORK_IN_USE",
    message: `The network ${name} is in use by ${boxes.length === 1 ? "a box" : `${boxes.length} boxes`}`,
    hint: "Remove the boxes that are on it first, running or not; details.boxes holds their ids.",
    details: { name, boxes },
  });
}

export function networkDamaged(name: string, damage: string): RuntimeError {
  return new RuntimeError({
    code: "NETWORK_DAMAGED",
    message: `The record of the network ${name} cannot be read: ${damage}`,
    hint: "Put the file right, or remove the boxes that are on the network and the network.",
    details: { name, damage },
  });
}
