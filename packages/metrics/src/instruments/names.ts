/** Name of the instrumentation scope. */
export const SCOPE = "@a3s/metrics";

/**
 * Every instrument: name, unit (UCUM) and meaning. Names and units follow OpenTelemetry's semantic conventions: durations in
 * seconds, counts in an annotation, no unit in a name.
 */
export const INSTRUMENTS = {
  bootDuration: {
    name: "a3s.vm.boot.duration",
    unit: "s",
    description: "Time from the begin of a boot to the VM being ready, or to its failure.",
  },
  bootStageDuration: {
    name: "a3s.vm.boot.stage.duration",
    unit: "s",
    description: "Time of one stage of a successful boot.",
  },
  bootErrors: { name: "a3s.vm.boot.errors", unit: "{error}", description: "VMs that did not become ready." },
  vmCount: { name: "a3s.vm.count", unit: "{vm}", description: "VMs that run, by state." },
  vmCreated: { name: "a3s.vm.created", unit: "{vm}", description: "VMs that became ready." },
  vmDestroyed: { name: "a3s.vm.destroyed", unit: "{vm}", description: "VMs that were ready and are gone." },
  execDuration: {
    name: "a3s.exec.duration",
    unit: "s",
    description: "Time from asking for a command to its end.",
  },
  execErrors: {
    name: "a3s.exec.errors",
    unit: "{error}",
    description: "Commands that could not be run, or whose end is not known.",
  },
} as const;

/** Keys of the attributes. `error.type` is OpenTelemetry's own; a success does not carry it. */
export const ATTRIBUTES = {
  stage: "a3s.vm.boot.stage",
  state: "a3s.vm.state",
  errorType: "error.type",
} as const;

/** Bucket boundaries of boots and their stages in seconds: a stage may take milliseconds, a boot under emulation half a minute. */
export const BOOT_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 10, 30, 60] as const;

/** Bucket boundaries of execs in seconds. */
export const EXEC_SECONDS = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 1800] as const;
