/** Descriptors that QEMU inherits, in the order in which the tool passes them. 0 to 2 are the usual three. */
export const descriptors = {
  stdout: 3,
  stderr: 4,
  control: 5,
  console: 6,
  heart: 7,
  initramfs: 8,
  scratch: 9,
  monitor: 10,
} as const;

export interface Machine {
  readonly kernel: string;
  readonly cpus: number;
  readonly memoryMib: number;
  readonly shares: readonly { readonly tag: string; readonly hostPath: string }[];
}

// TCG gains from all that leaves work out: no mitigations, no watchdogs, no 5-level page tables, no clock calibration.
const kernelParameters = [
  "console=ttyS0 quiet loglevel=3 panic=-1",
  // Whoever asks by an NMI is told where the CPU is.
  "unknown_nmi_panic mitigations=off nowatchdog nmi_watchdog=0 no5lvl audit=0",
  "no_timer_check tsc=reliable cryptomgr.notests random.trust_cpu=on kvm_amd.npt=1",
].join(" ");

/** The command line of the emulated host. */
export function qemuArguments(machine: Machine): string[] {
  const { stdout, stderr, control, console, heart, initramfs, scratch, monitor } = descriptors;
  return [
    ...["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"],
    ...["-machine", "q35,usb=off,smbus=off,sata=off"],
    // EPYC: SVM with nested paging, and a third less work than "max" with all that TCG knows.
    // What was translated for a guest (70 MiB a boot) stays until there is no room for more; then all of it goes, the hot parts, too, so
    // that the machine crawls for seconds. QEMU takes at most 2 GiB.
    ...["-accel", "tcg,thread=multi,tb-size=2047", "-cpu", "EPYC"],
    ...["-smp", String(machine.cpus), "-m", String(machine.memoryMib)],
    ...["-kernel", machine.kernel, "-initrd", `/dev/fd/${initramfs}`, "-append", kernelParameters],
    ...["-chardev", `socket,id=console,fd=${console}`, "-serial", "chardev:console"],
    ...["-chardev", `socket,id=monitor,fd=${monitor}`, "-mon", "chardev=monitor,mode=control"],
    ...["-device", "virtio-serial-pci,max_ports=5"],
    ...port(1, "stdout", stdout),
    ...port(2, "stderr", stderr),
    ...port(3, "control", control),
    ...port(4, "heart", heart),
    ...["-drive", `if=none,id=scratch,format=raw,cache=unsafe,discard=unmap,file.locking=off,file=/dev/fd/${scratch}`],
    ...["-device", "virtio-blk-pci,drive=scratch"],
    ...["-object", "rng-random,id=entropy,filename=/dev/urandom", "-device", "virtio-rng-pci,rng=entropy"],
    ...["-virtfs", "local,path=/,mount_tag=machine,security_model=none,readonly=on,multidevs=remap"],
    ...machine.shares.flatMap(({ tag, hostPath }) => [
      "-virtfs",
      `local,path=${optionValue(hostPath)},mount_tag=${tag},security_model=none,multidevs=remap`,
    ]),
  ];
}

function port(number: number, name: string, descriptor: number): string[] {
  return ["-chardev", `socket,id=${name},fd=${descriptor}`, "-device", `virtserialport,nr=${number},chardev=${name}`];
}

/** In QEMU's option lists a comma is written twice. */
function optionValue(text: string): string {
  return text.replaceAll(",", ",,");
}
