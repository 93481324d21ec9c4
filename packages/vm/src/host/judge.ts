import { PLATFORM_PACKAGE } from "../native/platform-package.ts";
import { vmExecutor } from "../native/vm-host-command.ts";
import { MAX_SOCKET_PATH_BYTES } from "../spec/path.ts";
import type { HostFacts, LibkrunState } from "./facts.ts";
import type { HostFinding, HostFindingCode } from "./finding.ts";

/** vm-host needs mount_setattr (5.12), and threads that are counted within a user namespace (5.14). */
const OLDEST_KERNEL = [5, 14] as const;
/** virtio-fs holds one descriptor for each file and directory that a guest has looked at. */
const ENOUGH_FILES = 65_536;
/** An image of some size, unpacked. */
const ENOUGH_BYTES = 2 * 1024 ** 3;
/** `/`, an id of 12 characters, and `/agent.sock`. */
const SOCKET_NAME_BYTES = 24;

/** What the facts mean. Pure: one finding for each thing that is checked. */
export function judgeHost(facts: HostFacts): readonly HostFinding[] {
  return [
    judgePlatform(facts),
    judgeKvm(facts),
    judgeJail(facts),
    judgeLibkrun(facts.libkrun),
    judgeVmHost(facts.vmHost),
    judgeLimits(facts.nofile),
    judgeHome(facts),
  ];
}

function judgePlatform({ platform, arch, kernelRelease }: HostFacts): HostFinding {
  if (platform !== "linux" || (arch !== "x64" && arch !== "arm64")) {
    return error(
      "HOST_PLATFORM_UNSUPPORTED",
      `VMs do not run on ${platform} ${arch} yet`,
      "Use Linux on x86-64 with glibc.",
    );
  }
  const [major = 0, minor = 0] = kernelRelease.split(".").map((part) => Number.parseInt(part, 10));
  const [oldestMajor, oldestMinor] = OLDEST_KERNEL;
  if (major < oldestMajor || (major === oldestMajor && minor < oldestMinor)) {
    return error(
      "HOST_KERNEL_TOO_OLD",
      `Linux ${kernelRelease} is older than ${OLDEST_KERNEL.join(".")}`,
      `Use Linux ${OLDEST_KERNEL.join(".")} or newer.`,
    );
  }
  if (arch === "arm64") {
    return warning(
      "HOST_PLATFORM_UNTRIED",
      `Linux ${kernelRelease} on AArch64: VMs have run on an emulated machine of this kind only`,
      "Use Linux on x86-64 for what has to work. To try it here, build vm-host and the guest agent in a checkout: npm has none.",
    );
  }
  return ok("HOST_PLATFORM_OK", `Linux ${kernelRelease} on x86-64`);
}

function judgeVmHost(vmHost: HostFacts["vmHost"]): HostFinding {
  if (!("path" in vmHost)) return error("VM_HOST_MISSING", vmHost.message, vmHost.fix);
  if (vmExecutor(vmHost.path) === "native") return ok("VM_HOST_OK", `vm-host is native, at ${vmHost.path}`);
  return warning(
    "VM_HOST_NODE",
    `VMs run in Node.js, by ${vmHost.path}: each takes over 40 MiB more and has less of a jail`,
    `Install ${PLATFORM_PACKAGE}, which holds the native vm-host, or launch VMs with jail: "best-effort".`,
  );
}

function judgeKvm({ kvm: state, vmHost }: HostFacts): HostFinding {
  switch (state.kvm) {
    case "ok":
      return ok("HOST_KVM_OK", "/dev/kvm runs guests: a probe guest did what every kernel does while it boots");
    case "missing":
      return error(
        "HOST_KVM_MISSING",
        `/dev/kvm is not there: ${state.message}`,
        "Turn virtualisation on in the firmware, or nested virtualisation for a virtual machine, and load the module kvm_intel or kvm_amd.",
      );
    case "denied":
      return error(
        "HOST_KVM_DENIED",
        `/dev/kvm may not be opened: ${state.message}`,
        'Add the user to the group that owns it (often "sudo usermod -aG kvm $USER") and log in again; give a container --device /dev/kvm.',
      );
    case "unusable":
      return error(
        "HOST_KVM_UNUSABLE",
        `/dev/kvm opens but cannot run an ordinary guest: ${state.message}`,
        "This machine's KVM is a software emulation without all instructions, or broken. Use a machine with hardware virtualisation.",
      );
    case "unknown":
      if ("path" in vmHost && vmExecutor(vmHost.path) === "node") {
        return warning(
          "HOST_KVM_UNKNOWN",
          `Whether /dev/kvm can run guests is unknown: ${state.message}`,
          `Boot a VM, or install ${PLATFORM_PACKAGE}, whose vm-host runs a probe guest.`,
        );
      }
      return error(
        "HOST_KVM_UNKNOWN",
        `Whether /dev/kvm can run guests is unknown: ${state.message}`,
        "Mend what the other findings say, and check again.",
      );
  }
}

function judgeJail({ kvm, jail }: HostFacts): HostFinding {
  if (jail.length > 0) {
    return error(
      "HOST_JAIL_INCOMPLETE",
      `VMs cannot have their whole jail: ${jail.join("; ")}`,
      'Allow user namespaces (sysctl user.max_user_namespaces; on Ubuntu also kernel.apparmor_restrict_unprivileged_userns=0, or a profile for vm-host; in a container its seccomp profile), or launch VMs with jail: "best-effort".',
    );
  }
  return kvm.kvm === "unknown"
    ? warning(
        "HOST_JAIL_UNKNOWN",
        "Whether VMs can have their whole jail is unknown",
        "Mend what the other findings say, and check again.",
      )
    : ok("HOST_JAIL_OK", "VMs can have their whole jail");
}

function judgeLibkrun(libkrun: LibkrunState): HostFinding {
  switch (libkrun.state) {
    case "missing":
      return error("LIBKRUN_MISSING", libkrun.message, libkrun.fix);
    case "unusable":
      return error("LIBKRUN_UNUSABLE", libkrun.message, libkrun.fix);
    case "loaded": {
      const { files, version, features } = libkrun;
      if (version === undefined) {
        return error(
          "LIBKRUN_TOO_OLD",
          `${files.libkrun} lacks calls of libkrun 1.17`,
          "Install libkrun 1.17 or newer.",
        );
      }
      const built = features.length === 0 ? "no optional features" : `features ${features.join(", ")}`;
      return ok("LIBKRUN_OK", `libkrun ${version} from the ${files.source} (${files.libkrun}), ${built}`);
    }
  }
}

function judgeLimits(nofile: number): HostFinding {
  if (nofile >= ENOUGH_FILES) return ok("HOST_LIMITS_OK", `A VM may have ${nofile} files open`);
  return warning(
    "HOST_NOFILE_LOW",
    `A VM may have only ${nofile} files open; a guest that looks at more files than that sees errors`,
    `Raise the hard limit of open files to ${ENOUGH_FILES} or more ("ulimit -Hn", LimitNOFILE= of systemd).`,
  );
}

function judgeHome({ runDirectory, freeBytes }: HostFacts): HostFinding {
  const bytes = Buffer.byteLength(runDirectory) + SOCKET_NAME_BYTES;
  if (bytes > MAX_SOCKET_PATH_BYTES) {
    return error(
      "HOST_HOME_TOO_LONG",
      `Sockets in ${runDirectory} would have paths of ${bytes} bytes; Linux allows ${MAX_SOCKET_PATH_BYTES}`,
      "Set A3S_HOME to a shorter path.",
    );
  }
  if (freeBytes !== undefined && freeBytes < ENOUGH_BYTES) {
    return warning(
      "HOST_DISK_LOW",
      `${Math.floor(freeBytes / 1024 ** 2)} MiB are left on the file system of the home directory`,
      "Make room, or set A3S_HOME to a directory with more.",
    );
  }
  return ok("HOST_HOME_OK", `Socket paths in ${runDirectory} are short enough, and there is disk space`);
}

function ok(code: HostFindingCode, message: string): HostFinding {
  return { code, severity: "ok", message };
}

function warning(code: HostFindingCode, message: string, fix: string): HostFinding {
  return { code, severity: "warning", message, fix };
}

function error(code: HostFindingCode, message: string, fix: string): HostFinding {
  return { code, severity: "error", message, fix };
}
