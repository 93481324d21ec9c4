import { expect, test } from "vitest";
import type { KrunCall, WireArgument } from "../libkrun/call.ts";
import { parseVmSpec } from "./parse-vm-spec.ts";
import { planCalls } from "./plan.ts";
import type { VmSpec } from "./vm-spec.ts";

const least: VmSpec = { vcpus: 1, memoryMib: 128, root: { path: "/srv/root" }, init: { path: "/init" } };

/** One call a line, as C would have it. */
function calls(spec: VmSpec): string {
  const argument = (value: WireArgument) => ("ref" in value ? value.ref : JSON.stringify(Object.values(value)[0]));
  const line = ({ fn, args, save, fallback }: KrunCall): string =>
    `${save === undefined ? "" : `${save} = `}${fn}(${args.map(argument).join(", ")})${fallback === undefined ? "" : `, or else ${line(fallback)}`}`;
  return planCalls(parseVmSpec(spec)).map(line).join("\n");
}

test("the least VM has a console, a root, a program, and no way out", () => {
  expect(calls(least)).toMatchInlineSnapshot(`
    "krun_init_log("consoleOut", 1, 2, 1)
    ctx = krun_create_ctx()
    krun_set_vm_config(ctx, 1, 128)
    krun_disable_implicit_console(ctx)
    krun_add_virtio_console_default(ctx, "consoleIn", "consoleOut", "consoleOut")
    krun_set_root(ctx, "/root")
    krun_disable_implicit_vsock(ctx)
    krun_add_vsock(ctx, 0)
    krun_set_exec(ctx, "/init", [], [])
    krun_start_enter(ctx)"
  `);
});

test("a box: read-only root with PID 1, shares, a doorbell and an agent", () => {
  expect(
    calls({
      vcpus: 2,
      memoryMib: 1024,
      root: { path: "/home/guest/abc", readOnly: true },
      init: { path: "/a3s-agent", args: ["--verbose"], env: { A: "b c" }, pid1: true },
      shares: [
        { tag: "lower", path: "/home/rootfs/def", readOnly: true },
        { tag: "volume.0", path: "/data", readOnly: false },
      ],
      vsockPorts: [
        { port: 4087, socketPath: "/run/boot.sock", direction: "guest-connects" },
        { port: 4088, socketPath: "/run/agent.sock", direction: "host-connects" },
      ],
      network: { kind: "none" },
    }),
  ).toMatchInlineSnapshot(`
    "krun_init_log("consoleOut", 1, 2, 1)
    ctx = krun_create_ctx()
    krun_set_vm_config(ctx, 2, 1024)
    krun_disable_implicit_console(ctx)
    krun_add_virtio_console_default(ctx, "consoleIn", "consoleOut", "consoleOut")
    krun_set_root(ctx, "/root")
    krun_add_virtiofs3(ctx, "lower", "/shares/0", 0, true), or else krun_add_virtiofs(ctx, "lower", "/shares/0")
    krun_add_virtiofs(ctx, "volume.0", "/shares/1")
    krun_disable_implicit_vsock(ctx)
    krun_add_vsock(ctx, 0)
    krun_add_vsock_port2(ctx, 4087, "/sockets/0", false)
    krun_add_vsock_port2(ctx, 4088, "/sockets/1/agent.sock", true)
    krun_set_exec(ctx, "/a3s-agent", ["--verbose"], ["A=b c","KRUN_INIT_PID1=1"])
    krun_start_enter(ctx)"
  `);
});

test("a share with a window for its pages is given one, by whatever version of libkrun", () => {
  const shares: VmSpec["shares"] = [{ tag: "lower", path: "/home/rootfs/def", readOnly: true, daxWindowMib: 256 }];
  expect(calls({ ...least, shares })).toContain(
    'krun_add_virtiofs3(ctx, "lower", "/shares/0", 268435456, true), or else krun_add_virtiofs2(ctx, "lower", "/shares/0", 268435456)\n',
  );
});

test("disks stand in the order in which the guest finds them, of the format and with the cache that they say", () => {
  const disks: VmSpec["disks"] = [
    { path: "/box/disk.ext4", readOnly: false },
    { path: "/srv/data", readOnly: true, format: "qcow2", cache: "none" },
    { path: "/srv/scratch", readOnly: false, format: "raw", cache: "unsafe" },
  ];
  expect(calls({ ...least, disks })).toContain(
    `krun_add_disk3(ctx, "disk0", "/disks/0", 0, false, false, 1)
krun_add_disk3(ctx, "disk1", "/disks/1", 1, true, true, 1)
krun_add_disk3(ctx, "disk2", "/disks/2", 0, false, false, 0)
`,
  );
});

test("network cards have their address and their other end, in their order, and no TSI beside them", () => {
  const peer = { socketPath: "/run/switch.sock" };
  const cards = [
    { mac: "02:00:00:00:0a:FF", peer },
    { mac: "02:00:00:00:00:02", peer, offload: true },
    { mac: "02:00:00:00:00:03", peer: { program: "/p", args: [], address: "10.0.2.2", gateway: "10.0.2.1" } },
  ];
  expect(calls({ ...least, network: { kind: "nic", cards } })).toContain(
    `krun_add_net_unixstream(ctx, "/cards/0", -1, [2,0,0,0,10,255], 0, 0)
krun_add_net_unixstream(ctx, "/cards/1", -1, [2,0,0,0,0,2], 19587, 0)
krun_add_net_unixstream(ctx, null, 0, [2,0,0,0,0,3], 0, 0)
krun_disable_implicit_vsock(ctx)
krun_add_vsock(ctx, 0)
`,
  );
});

test("limits of the guest's program go by the kernel's numbers", () => {
  const rlimits = { nofile: { soft: 64, hard: 128 }, core: 0, stack: Number.POSITIVE_INFINITY };
  expect(calls({ ...least, init: { path: "/init", rlimits } })).toContain(
    'krun_set_rlimits(ctx, ["7=64:128","4=0:0","3=18446744073709551615:18446744073709551615"])\nkrun_set_exec',
  );
});

test("nested virtualisation is asked for only where it is wanted", () => {
  expect(calls({ ...least, nestedVirtualization: true })).toContain("krun_set_nested_virt(ctx, true)");
  expect(calls({ ...least, nestedVirtualization: false })).not.toContain("nested");
});

test("streams are two named ports of one more device", () => {
  expect(calls({ ...least, streams: true })).toContain(
    `krun_add_virtio_console_default(ctx, "consoleIn", "consoleOut", "consoleOut")
streams = krun_add_virtio_console_multiport(ctx)
krun_add_console_port_inout(ctx, streams, "a3s.stdout", -1, "stdout")
krun_add_console_port_inout(ctx, streams, "a3s.stderr", -1, "stderr")
`,
  );
});

test("TSI opens the guest's Internet sockets only, and always says which ports are published", () => {
  expect(calls({ ...least, network: { kind: "tsi", publish: [] } })).toContain(
    "krun_disable_implicit_vsock(ctx)\nkrun_add_vsock(ctx, 1)\nkrun_set_port_map(ctx, [])\n",
  );
  expect(calls({ ...least, network: { kind: "tsi", publish: [{ hostPort: 8080, guestPort: 80 }] } })).toContain(
    'krun_set_port_map(ctx, ["8080:80"])',
  );
});

test("every plan ends with the start, and starts once", () => {
  const names = planCalls(parseVmSpec(least)).map(({ fn }) => fn);
  expect(names.indexOf("krun_start_enter")).toBe(names.length - 1);
});

test("a share that is composed of entries lies where vm-host makes it", () => {
  const shares = [
    { tag: "one", entries: [{ name: "0", path: "/srv/a", readOnly: true }] },
    { tag: "plain", path: "/b", readOnly: true },
    { tag: "two", entries: [] },
  ];
  expect(calls({ ...least, shares })).toContain(
    'krun_add_virtiofs(ctx, "one", "/shares/0")\nkrun_add_virtiofs3(ctx, "plain", "/shares/1", 0, true), or else krun_add_virtiofs(ctx, "plain", "/shares/1")\nkrun_add_virtiofs(ctx, "two", "/shares/2")\n',
  );
});
