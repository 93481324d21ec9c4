import type { KrunFeature } from "./feature.ts";

/**
 * The C API of libkrun 1.17 to 1.19 as data: include/libkrun.h. A key is the name of a function without its prefix `krun_`; no other
 * file names one.
 *
 * Every function answers with an `int32_t`: a negative error number, or a value of the kind `result`. `since` is the
 * oldest version that has the function, and 1.17 for all that are older: that is the oldest this package supports.
 * With a `feature`, only builds with it have the function. One that is `rare` says nothing about the version of a library without it.
 */
export const KRUN_API = {
  /** Superseded by `init_log`. */
  set_log_level: { params: { level: "u32" }, result: "status", since: "1.17" },
  init_log: { params: { target: "fd", level: "u32", style: "u32", options: "u32" }, result: "status", since: "1.17" },
  create_ctx: { params: {}, result: "context", since: "1.17" },
  free_ctx: { params: { context: "context" }, result: "status", since: "1.17" },
  set_vm_config: { params: { context: "context", vcpus: "u8", memoryMib: "u32" }, result: "status", since: "1.17" },

  // Root and shares.
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
  /** No longer supported. */
  set_mapped_volumes: { params: { context: "context", volumes: "strs" }, result: "status", since: "1.17" },
  fs_add_overlay_file: {
    params: {
      context: "context",
      tag: "str",
      path: "str",
      data: "pointer",
      bytes: "size",
      mode: "u32",
      oneShot: "bool",
    },
    result: "status",
    since: "1.19",
  },
  fs_add_overlay_dir: {
    params: { context: "context", tag: "str", path: "str", mode: "u32" },
    result: "status",
    since: "1.19",
  },
  disable_implicit_init: { params: { context: "context" }, result: "status", since: "1.19" },
  get_default_init: { params: { data: "pointer", bytes: "pointer" }, result: "status", since: "1.19" },

  // Disks.
  /** Superseded by `add_disk3`, as are the next three. */
  set_root_disk: { params: { context: "context", path: "path" }, result: "status", since: "1.17", feature: "blk" },
  set_data_disk: { params: { context: "context", path: "path" }, result: "status", since: "1.17", feature: "blk" },
  add_disk: {
    params: { context: "context", id: "str", path: "path", readOnly: "bool" },
    result: "status",
    since: "1.17",
    feature: "blk",
  },
  add_disk2: {
    params: { context: "context", id: "str", path: "path", format: "u32", readOnly: "bool" },
    result: "status",
    since: "1.17",
    feature: "blk",
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
    feature: "blk",
  },
  set_root_disk_remount: {
    params: { context: "context", device: "str", fstype: "str?", options: "str?" },
    result: "status",
    since: "1.17",
    feature: "blk",
  },

  // Network.
  add_net_unixstream: {
    params: { context: "context", path: "path?", fd: "fd", mac: "bytes", features: "u32", flags: "u32" },
    result: "status",
    since: "1.17",
    feature: "net",
  },
  add_net_unixgram: {
    params: { context: "context", path: "path?", fd: "i32", mac: "bytes", features: "u32", flags: "u32" },
    result: "status",
    since: "1.17",
    feature: "net",
  },
  add_net_tap: {
    params: { context: "context", name: "str", mac: "bytes", features: "u32", flags: "u32" },
    result: "status",
    since: "1.17",
    feature: "net",
  },
  /** Superseded by `add_net_unixstream`. */
  set_passt_fd: { params: { context: "context", fd: "i32" }, result: "status", since: "1.17", feature: "net" },
  /** Superseded by `add_net_unixgram`. */
  set_gvproxy_path: { params: { context: "context", path: "path" }, result: "status", since: "1.17", feature: "net" },
  /** Of the card of the last two. */
  set_net_mac: { params: { context: "context", mac: "bytes" }, result: "status", since: "1.17", feature: "net" },
  /** NULL, or not calling it, publishes every listener of the guest. */
  set_port_map: { params: { context: "context", ports: "strs" }, result: "status", since: "1.17" },

  // The program, and the guest that it finds.
  /** Of the guest's first process: "RESOURCE=SOFT:HARD", the resource by its number. */
  set_rlimits: { params: { context: "context", rlimits: "strs" }, result: "status", since: "1.17" },
  set_workdir: { params: { context: "context", path: "str" }, result: "status", since: "1.17" },
  /** `args` is without argv[0]; an `env` of NULL would give the guest the environment of the VM process. */
  set_exec: { params: { context: "context", path: "str", args: "strs", env: "strs" }, result: "status", since: "1.17" },
  set_env: { params: { context: "context", env: "strs" }, result: "status", since: "1.17" },
  set_smbios_oem_strings: { params: { context: "context", strings: "strs" }, result: "status", since: "1.17" },
  set_firmware: { params: { context: "context", path: "path" }, result: "status", since: "1.17" },
  set_kernel: {
    params: { context: "context", path: "path", format: "u32", initramfs: "path?", commandLine: "str?" },
    result: "status",
    since: "1.17",
  },
  set_kernel_console: { params: { context: "context", id: "str" }, result: "status", since: "1.17" },
  set_tee_config_file: {
    params: { context: "context", path: "path" },
    result: "status",
    since: "1.17",
    feature: "tee",
  },
  /** 1.17 to 1.19 take `true` on macOS alone. */
  set_nested_virt: { params: { context: "context", enabled: "bool" }, result: "status", since: "1.17" },
  check_nested_virt: { params: {}, result: "flag", since: "1.17" },
  split_irqchip: { params: { context: "context", enabled: "bool" }, result: "status", since: "1.17" },

  // vsock.
  disable_implicit_vsock: { params: { context: "context" }, result: "status", since: "1.17" },
  add_vsock: { params: { context: "context", tsiFeatures: "u32" }, result: "status", since: "1.17" },
  add_vsock_port: { params: { context: "context", port: "u32", path: "path" }, result: "status", since: "1.17" },
  add_vsock_port2: {
    params: { context: "context", port: "u32", path: "path", listen: "bool" },
    result: "status",
    since: "1.17",
  },

  // Consoles.
  disable_implicit_console: { params: { context: "context" }, result: "status", since: "1.17" },
  set_console_output: { params: { context: "context", path: "path" }, result: "status", since: "1.17" },
  add_virtio_console_default: {
    params: { context: "context", input: "fd", output: "fd", error: "fd" },
    result: "status",
    since: "1.17",
  },
  add_serial_console_default: {
    params: { context: "context", input: "fd", output: "fd" },
    result: "status",
    since: "1.17",
  },
  add_virtio_console_multiport: { params: { context: "context" }, result: "console", since: "1.17" },
  add_console_port_tty: {
    params: { context: "context", console: "console", name: "str", terminal: "fd" },
    result: "status",
    since: "1.17",
  },
  add_console_port_inout: {
    params: { context: "context", console: "console", name: "str", input: "fd", output: "fd" },
    result: "status",
    since: "1.17",
  },

  // Graphics, sound, input, and devices that other processes have.
  set_gpu_options: { params: { context: "context", virglFlags: "u32" }, result: "status", since: "1.17" },
  set_gpu_options2: {
    params: { context: "context", virglFlags: "u32", shmBytes: "u64" },
    result: "status",
    since: "1.17",
  },
  add_display: { params: { context: "context", width: "u32", height: "u32" }, result: "count", since: "1.17" },
  display_set_edid: {
    params: { context: "context", display: "u32", edid: "bytes", bytes: "size" },
    result: "status",
    since: "1.17",
  },
  display_set_dpi: { params: { context: "context", display: "u32", dpi: "u32" }, result: "status", since: "1.17" },
  display_set_physical_size: {
    params: { context: "context", display: "u32", widthMm: "u16", heightMm: "u16" },
    result: "status",
    since: "1.17",
  },
  display_set_refresh_rate: {
    params: { context: "context", display: "u32", hertz: "u32" },
    result: "status",
    since: "1.17",
  },
  set_display_backend: {
    params: { context: "context", backend: "pointer", bytes: "size" },
    result: "status",
    since: "1.17",
  },
  set_snd_device: { params: { context: "context", enabled: "bool" }, result: "status", since: "1.17" },
  add_input_device: {
    params: { context: "context", config: "pointer", configBytes: "size", events: "pointer", eventsBytes: "size" },
    result: "status",
    since: "1.17",
  },
  add_input_device_fd: { params: { context: "context", fd: "i32" }, result: "status", since: "1.17" },
  /** In no release up to 1.19.7. */
  add_vhost_user_device: {
    params: { context: "context", type: "u32", path: "path", name: "str?", queues: "u16", queueSizes: "pointer" },
    result: "status",
    since: "1.19",
    rare: true,
  },

  // The VM process, and questions.
  /** Of the VM process on the host, as is the next. */
  setuid: { params: { context: "context", uid: "u32" }, result: "status", since: "1.17" },
  setgid: { params: { context: "context", gid: "u32" }, result: "status", since: "1.17" },
  /** Works on macOS alone, and 1.19 has it there alone. */
  get_shutdown_eventfd: { params: { context: "context" }, result: "count", since: "1.17", rare: true },
  has_feature: { params: { feature: "u64" }, result: "flag", since: "1.17" },
  get_max_vcpus: { params: {}, result: "count", since: "1.17" },
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
  | "u16"
  | "u32"
  | "u64"
  | "i32"
  | "bool"
  | "str"
  /** A string: the path of something of the host. */
  | "path"
  /** A path or NULL. */
  | "path?"
  /** A string or NULL. */
  | "str?"
  /** A NULL-terminated array of strings. */
  | "strs"
  /** A pointer to bytes. */
  | "bytes"
  /** A file descriptor. */
  | "fd"
  /** `size_t` */
  | "size"
  /** A pointer to something that this table does not describe. */
  | "pointer";

/** What an answer that is not negative means. */
export type KrunResultKind = "status" | "context" | "console" | "flag" | "count";

interface KrunFunctionShape {
  /** Kinds of the parameters under their names, in the order in which C takes them. */
  readonly params: Readonly<Record<string, KrunParameterKind>>;
  readonly result: KrunResultKind;
  readonly since: KrunVersion;
  readonly feature?: KrunFeature;
  readonly rare?: true;
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

/** The feature that a library has to be built with to have a function; undefined when every build has it. */
export function krunFeature(name: KrunFunction): KrunFeature | undefined {
  const { feature }: KrunFunctionShape = KRUN_API[name];
  return feature;
}

export function isKrunFunction(name: string): name is KrunFunction {
  return Object.hasOwn(KRUN_API, name);
}
