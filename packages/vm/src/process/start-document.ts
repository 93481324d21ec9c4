import type { LibkrunFiles } from "../libkrun/locate.ts";
import { macBytes } from "../spec/card.ts";
import { planLimits } from "../spec/limits.ts";
import { cardsOf } from "../spec/network.ts";
import { planCalls } from "../spec/plan.ts";
import { planTree } from "../spec/tree.ts";
import type { CheckedVmSpec } from "../spec/vm-spec.ts";
import type { JailMode } from "./jail.ts";
import type { VmFiles } from "./vm-files.ts";

/** The one line that tells vm-host what to become: native/vm-host/PROTOCOL.md, "Start". Pure. */
export function startDocument(
  spec: CheckedVmSpec,
  options: VmFiles & { readonly libraries: LibkrunFiles; readonly detached: boolean; readonly jail: JailMode },
): string {
  return JSON.stringify({
    version: 1,
    libkrun: options.libraries.libkrun,
    libkrunfw: options.libraries.libkrunfw,
    calls: planCalls(spec),
    jail: planJail(spec, options.jail),
    peers: planPeers(spec),
    log: options.log,
    exitPath: options.exitPath,
    statePath: options.statePath,
    remove: ownSockets(spec),
    detached: options.detached,
  });
}

function planJail(spec: CheckedVmSpec, mode: JailMode) {
  const { readOnly, entries: tree } = planTree(spec);
  const network = spec.network.kind === "tsi" ? "host" : "isolated";
  return { mode, readOnly, tree, network, limits: planLimits(spec.limits) };
}

/** The programs at the other ends of cards, in the order in which the calls number them. */
function planPeers({ network }: CheckedVmSpec) {
  return cardsOf(network).flatMap(({ mac, peer }) => ("program" in peer ? [{ ...peer, mac: [...macBytes(mac)] }] : []));
}

/** Sockets that are made with the VM and go with it; the others belong to whoever listens on them. */
export function ownSockets(spec: CheckedVmSpec): readonly string[] {
  return spec.vsockPorts.filter((port) => port.direction === "host-connects").map((port) => port.socketPath);
}
