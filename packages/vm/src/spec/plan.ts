import type { KrunCall, KrunRef } from "../libkrun/call.ts";
import { krunCall, orElse } from "../libkrun/call.ts";
import { macBytes } from "./card.ts";
import { initEnvironment } from "./command-line.ts";
import { diskOptions } from "./disk.ts";
import { cardsOf, type VmNetwork } from "./network.ts";
import { type CheckedRlimits, rlimitWords } from "./rlimits.ts";
import { planTree } from "./tree.ts";
import type { CheckedVmSpec, VmShare } from "./vm-spec.ts";

const context: KrunRef<"context"> = { kind: "context", ref: "ctx" };
const streams: KrunRef<"console"> = { kind: "console", ref: "streams" };

/** libkrun.h, KRUN_LOG_*: errors only, no colours, and the environment has no say. */
const LOG = { level: 1, style: 2, options: 1 } as const;
/** KRUN_TSI_HIJACK_INET. Not KRUN_TSI_HIJACK_UNIX, which would open the host's Unix sockets to the guest. */
const TSI_INET = 1;

/**
 * NET_FEATURE_* of libkrun.h that passt is made for: CSUM, GUEST_CSUM, GUEST_TSO4, GUEST_UFO, HOST_TSO4 and HOST_UFO.
 */
const OFFLOADS = (1 << 0) | (1 << 1) | (1 << 7) | (1 << 10) | (1 << 11) | (1 << 14);

/**
 * The calls of libkrun that make and start the VM, in order. Pure.
 *
 * Who may write where is not in here: vm-host sees to it with mounts of its own (see {@link planTree}).
 */
export function planCalls(spec: CheckedVmSpec): readonly KrunCall[] {
  const { init } = spec;
  const tree = planTree(spec);
  return [
    // libkrun writes what the guest's kernel says into its log, so the log belongs into the console's file.
    krunCall("init_log", { target: "consoleOut", ...LOG }),
    krunCall("create_ctx", {}, context),
    krunCall("set_vm_config", { context, vcpus: spec.vcpus, memoryMib: spec.memoryMib }),
    krunCall("disable_implicit_console", { context }),
    krunCall("add_virtio_console_default", { context, input: "consoleIn", output: "consoleOut", error: "consoleOut" }),
    ...planStreams(spec),
    krunCall("set_root", { context, path: tree.root }),
    ...spec.shares.map((share, index) => planShare(share, tree.shares[index] as string)),
    ...spec.disks.map((disk, index) =>
      krunCall("add_disk3", {
        context,
        id: `disk${index}`,
        path: tree.disks[index] as string,
        readOnly: disk.readOnly,
        ...diskOptions(disk),
      }),
    ),
    ...planCards(spec.network, tree.cards),
    ...planVsock(spec.network),
    ...spec.vsockPorts.map(({ port, direction }, index) =>
      krunCall("add_vsock_port2", {
        context,
        port,
        path: tree.sockets[index] as string,
        listen: direction === "host-connects",
      }),
    ),
    ...(spec.nestedVirtualization ? [krunCall("set_nested_virt", { context, enabled: true })] : []),
    ...planRlimits(init.rlimits),
    krunCall("set_exec", { context, path: init.path, args: init.args, env: initEnvironment(spec) }),
    krunCall("start_enter", { context }),
  ];
}

/**
 * Ports for the main process's output, on a console device of their own. They have no input: one that comes to its end,
 * as /dev/null does, closes the port for the guest's output as well.
 */
function planStreams(spec: CheckedVmSpec): readonly KrunCall[] {
  if (!spec.streams) return [];
  return [
    krunCall("add_virtio_console_multiport", { context }, streams),
    ...(["stdout", "stderr"] as const).map((output) =>
      krunCall("add_console_port_inout", {
        context,
        console: streams,
        name: `a3s.${output}`,
        input: "none",
        output,
      }),
    ),
  ];
}

/** What is read-only is so for the whole VM process (see above); where libkrun can, it does not even try. */
function planShare(share: VmShare, path: string): KrunCall {
  const { tag } = share;
  const plain = krunCall("add_virtiofs", { context, tag, path });
  if (!("path" in share) || !share.readOnly) return plain;
  const daxWindowBytes = (share.daxWindowMib ?? 0) * 1024 * 1024;
  const older = daxWindowBytes === 0 ? plain : krunCall("add_virtiofs2", { context, tag, path, daxWindowBytes });
  return orElse(krunCall("add_virtiofs3", { context, tag, path, daxWindowBytes, readOnly: true }), older);
}

function planCards(network: VmNetwork, places: readonly (string | null)[]): readonly KrunCall[] {
  let programs = 0;
  return cardsOf(network).map(({ mac, peer, offload }, index) =>
    krunCall("add_net_unixstream", {
      context,
      path: places[index] ?? null,
      fd: "program" in peer ? { peer: programs++ } : "none",
      mac: macBytes(mac),
      features: offload ? OFFLOADS : 0,
      flags: 0,
    }),
  );
}

function planRlimits(limits: CheckedRlimits): readonly KrunCall[] {
  const rlimits = rlimitWords(limits);
  return rlimits.length === 0 ? [] : [krunCall("set_rlimits", { context, rlimits })];
}

/** Left alone, libkrun gives a VM without a network card all sockets of the host and publishes all of the guest's. */
function planVsock(network: VmNetwork): readonly KrunCall[] {
  const own = krunCall("disable_implicit_vsock", { context });
  switch (network.kind) {
    case "none":
    case "nic":
      return [own, krunCall("add_vsock", { context, tsiFeatures: 0 })];
    case "tsi":
      return [
        own,
        krunCall("add_vsock", { context, tsiFeatures: TSI_INET }),
        krunCall("set_port_map", {
          context,
          ports: network.publish.map(({ hostPort, guestPort }) => `${hostPort}:${guestPort}`),
        }),
      ];
  }
}
