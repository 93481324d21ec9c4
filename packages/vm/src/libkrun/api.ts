/**
 * The C API of libkrun as data: include/libkrun.h, without its deprecated calls and without GPU, display, sound and
 * input. A key is the name of a function without its prefix `krun_`; no other file names one.
 *
 * Every function answers with an `int32_t`: a negative error number, or a value of the kind `result`. `since` is the
 * oldest version that has the function, and 1.17 for all that are older: that is the oldest this package supports.
 */
export const KRUN_API = {
  init_log: {
    params: { target: "fd", level: "u32", style: "u32", options: "u32" },
    result: "status",
    since: "1.17",
  },
  create_ctx: { params: {}, result: "context", since: "1.17" },
  free_ctx: { params: { context: "context" }, result: "status", since: "1.17" },
  set_vm_config: { params: { context: "context", vcpus: "u8", memoryMib: "u32" }, result: "status", since: "1.17" },
  set_root: { params: { context: "context", path: "path" }, result: "status", since: "1.17" },
  add_virtiofs: { params: { context: "context", tag: "str", path: "path" }, result: "status", since: "1.17" },
  add_virtiofs2: {
    params: { context: "context", tag: "str", path: "path", daxWindowBytes: "u64" },
    result: "status",
    since: "1.17",
  },
  add_virtiofs3: {
    params: { context: "context", tag: "str", path: "path", daxWindowBytes: "u64", readOnly: "bool" },
    result: "status",
    since: "1.18",
  },
  add_disk2: {
    params: { context: "context", id: "str", path: "path", format: "u32", readOnly: "bool" },
    result: "status",
    since: "1.17",
  },
  add_disk3: {
    params: {
      context: "context",
      id: "str",
      path: "path",
      format: "u32",
      readOnly: "bool",
      directIo: "bool",
      syncMode: "u32",
    },
    result: "status",
    since: "1.17",
  },
  set_root_disk_remount: {
    params: { context: "context", device: "str", fstype: "str?", options: "str?" },
    result: "status",
    since: "1.17",
  },
  add_net_unixstream: {
    params: { context: "context", path: "str?", fd: "i32", mac: "bytes", features: "u32", flags: "u32" },
    result: "status",
    since: "1.17",
  },
  add_net_unixgram: {
    params: { context: "context", path: "str?", fd: "i32", mac: "bytes", features: "u32", flags: "u32" },
    result: "status",
    since: "1.17",
  },
  add_net_tap: {
    params: { context: "context", name: "str", mac: "bytes", features: "u32", flags: "u32" },
    result: "status",
    since: "1.17",
  },
  /** NULL, or not calling it, publishes every listener of the guest. */
  set_port_map: { params: { context: "context", ports: "strs" }, result: "status", since: "1.17" },
  set_rlimits: { params: { context: "context", rlimits: "strs" }, result: "status", since: "1.17" },
  set_smbios_oem_strings: { params: { context: "context", strings: "strs" }, result: "status", since: "1.17" },
  set_workdir: { params: { context: "context", path: "str" }, result: "status", since: "1.17" },
  /** `args` is without argv[0]; an `env` of NULL would give the guest the environment of the VM process. */
  set_exec: {
    params: { context: "context", path: "str", args: "strs", env: "strs" },
    result: "status",
    since: "1.17",
  },
  set_kernel: {
    params: { context: "context", path: "str", format: "u32", initramfs: "str?", commandLine: "str?" },
    result: "status",
    since: "1.17",
  },
  disable_implicit_vsock: { params: { context: "context" }, result: "status", since: "1.17" },
  add_vsock: { params: { context: "context", tsiFeatures: "u32" }, result: "status", since: "1.17" },
  add_vsock_port2: {
    params: { context: "context", port: "u32", path: "path", listen: "bool" },
    result: "status",
    since: "1.17",
  },
  disable_implicit_console: { params: { context: "context" }, result: "status", since: "1.17" },
  add_virtio_console_default: {
    params: { context: "context", input: "fd", output: "fd", error: "fd" },
    result: "status",
    since: "1.17",
  },
  add_virtio_console_multiport: { params: { context: "context" }, result: "console", since: "1.17" },
  add_console_port_inout: {
    params: { context: "context", console: "console", name: "str", input: "fd", output: "fd" },
    result: "status",
    since: "1.17",
  },
  set_nested_virt: { params: { context: "context", enabled: "bool" }, result: "status", since: "1.17" },
  check_nested_virt: { params: {}, result: "flag", since: "1.17" },
  split_irqchip: { params: { context: "context", enabled: "bool" }, result: "status", since: "1.17" },
  has_feature: { params: { feature: "u64" }, result: "flag", since: "1.17" },
  get_max_vcpus: { params: {}, result: "count", since: "1.17" },
  disable_implicit_init: { params: { context: "context" }, result: "status", since: "1.19" },
  fs_add_overlay_dir: {
    params: { context: "context", tag: "str", path: "str", mode: "u32" },
    result: "status",
    since: "1.19",
  },
  /** Does not answer when it works: the calling process becomes the VM. */
  start_enter: { params: { context: "context" }, result: "status", since: "1.17" },
} as const satisfies Readonly<Record<string, KrunFunctionShape>>;

/** How one parameter is passed. */
export type KrunParameterKind =
  /** A configuration context, as `create_ctx` answers it. */
  | "context"
  /** A console device, as `add_virtio_console_multiport` answers it. */
  | "console"
  | "u8"
  | "u32"
  | "u64"
  | "i32"
  | "bool"
  | "str"
  /** A string: the path of something of the host. */
  | "path"
  /** A string or NULL. */
  | "str?"
  /** A NULL-terminated array of strings. */
  | "strs"
  /** A pointer to bytes. */
  | "bytes"
  /** A file descriptor. */
  | "fd";

/** What an answer that is not negative means. */
export type KrunResultKind = "status" | "context" | "console" | "flag" | "count";

interface KrunFunctionShape {
  /** Kinds of the parameters under their names, in the order in which C takes them. */
  readonly params: Readonly<Record<string, KrunParameterKind>>;
  readonly result: KrunResultKind;
  readonly since: KrunVersion;
}

/** Versions of libkrun at which its C API grew. */
export type KrunVersion = "1.17" | "1.18" | "1.19";

/** A function of libkrun: a key of {@link KRUN_API}. */
export type KrunFunction = keyof typeof KRUN_API;

/** What {@link KRUN_API} says of one function. */
export type KrunSignature<Name extends KrunFunction> = (typeof KRUN_API)[Name];

/** Arguments of a function by name, when a parameter of kind K is given as `Values[K]`. */
export type KrunArguments<Name extends KrunFunction, Values extends Record<KrunParameterKind, unknown>> = {
  readonly [Parameter in keyof KrunSignature<Name>["params"]]: KrunSignature<Name>["params"][Parameter] extends KrunParameterKind
    ? Values[KrunSignature<Name>["params"][Parameter]]
    : never;
};

/** The symbol that the library exports for a function. */
export function krunSymbol(name: KrunFunction): string {
  return `krun_${name}`;
}

/** Parameters of a function in the order of C. */
export function krunParameters(name: KrunFunction): readonly (readonly [name: string, kind: KrunParameterKind])[] {
  return Object.entries(KRUN_API[name].params);
}
