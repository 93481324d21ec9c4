import { constants } from "node:os";
import { JAIL_MEASURES, type JailMeasure, type JailMode } from "../../process/jail.ts";
import { failedBy, StartFailed } from "../failure.ts";
import type { StartRequest } from "../request/start-request.ts";
import { isKnown } from "./seccomp/filter.ts";

/** The measures that a start asks for, in the order of the protocol. Pure. */
export function wantedMeasures({ limits, network }: StartRequest["jail"]): readonly JailMeasure[] {
  return JAIL_MEASURES.filter(
    (measure) =>
      (measure !== "cgroup" || limits !== null) && (measure !== "network-namespace" || network === "isolated"),
  );
}

/**
 * Why Node.js cannot take a measure, for those that it cannot; `user` is the effective user ID. Pure.
 *
 * Linux keeps capabilities by thread. Node.js has several threads before its first line runs, and an escaped guest would
 * only have to go through one of them.
 */
export function unsupportedMeasures(
  user: number,
  architecture: string = process.arch,
): Readonly<Partial<Record<JailMeasure, string>>> {
  return {
    cgroup: "vm-host.js makes no cgroups",
    "few-capabilities": "Node.js has threads that keep theirs",
    ...(isKnown(architecture) ? {} : { "system-call-filter": `vm-host.js does not know the calls of ${architecture}` }),
    ...(user === 0 ? { "user-namespace": "vm-host.js has none for root that holds all of the guest's users" } : {}),
  };
}

/** The failure of a start that requires measures that cannot be taken; it names them. */
export function unsupportedFailure(missing: readonly JailMeasure[]): StartFailed {
  return new StartFailed({
    stage: "jail",
    what: missing.join(", "),
    errno: constants.errno.EOPNOTSUPP,
    message: "vm-host.js, which runs in Node.js, cannot do this; the native vm-host can",
  });
}

/** Which measures are in force, and why others are not. */
export class Measures {
  readonly #mode: JailMode;
  readonly #inForce = new Set<JailMeasure>();
  readonly #missing = new Map<JailMeasure, string>();

  constructor(
    mode: JailMode,
    inForce: readonly JailMeasure[],
    missing: Readonly<Partial<Record<JailMeasure, string>>>,
  ) {
    this.#mode = mode;
    for (const measure of inForce) this.#inForce.add(measure);
    for (const [measure, why] of Object.entries(missing)) this.#missing.set(measure as JailMeasure, why);
  }

  /** Takes a measure. Answers whether it is in force. @throws StartFailed when it has to be and is not */
  take(measure: JailMeasure, apply: () => void): boolean {
    try {
      apply();
      this.#inForce.add(measure);
      return true;
    } catch (error) {
      const failure = failedBy("jail", measure, error);
      if (this.#mode === "required") throw failure;
      this.#missing.set(measure, failure.failure.message);
      return false;
    }
  }

  has(measure: JailMeasure): boolean {
    return this.#inForce.has(measure);
  }

  /** In the order of the protocol. */
  get inForce(): readonly JailMeasure[] {
    return JAIL_MEASURES.filter((measure) => this.#inForce.has(measure));
  }

  /** A sentence for each that is not. */
  get missing(): readonly string[] {
    return [...this.#missing].map(([measure, why]) => `the jail is without its ${measure}: ${why}`);
  }
}
