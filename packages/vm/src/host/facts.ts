import type { KrunVersion } from "../libkrun/api.ts";
import type { KrunFeature } from "../libkrun/feature.ts";
import type { LibkrunFiles } from "../libkrun/locate.ts";

/** What a probe VM of a few instructions said about /dev/kvm. */
export type KvmState =
  | { readonly kvm: "ok" }
  | { readonly kvm: "missing" | "denied" | "unusable"; readonly message: string }
  /** The probe itself could not be run, or did not answer. */
  | { readonly kvm: "unknown"; readonly message: string };

/** What loading libkrun said. */
export type LibkrunState =
  | { readonly state: "missing" | "unusable"; readonly message: string; readonly fix: string }
  | {
      readonly state: "loaded";
      readonly files: LibkrunFiles;
      /** undefined: older than 1.17. */
      readonly version: KrunVersion | undefined;
      readonly features: readonly KrunFeature[];
    };

/** Everything about a machine that decides whether VMs can run on it; plain data, gathered once. */
export interface HostFacts {
  readonly platform: string;
  readonly arch: string;
  /** As `uname -r` has it. */
  readonly kernelRelease: string;
  readonly kvm: KvmState;
  /** A sentence for each measure of the jail that this system does not allow; none when nobody could tell. */
  readonly jail: readonly string[];
  readonly libkrun: LibkrunState;
  readonly vmHost: { readonly path: string } | { readonly message: string; readonly fix: string };
  /** Hard limit of open files; Infinity when there is none. */
  readonly nofile: number;
  /** Directory for sockets, absolute. */
  readonly runDirectory: string;
  /** Bytes that the home directory's file system has left for this user; undefined when it cannot be asked. */
  readonly freeBytes: number | undefined;
}
