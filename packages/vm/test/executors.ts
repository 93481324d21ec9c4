import { basename } from "node:path";
import { type JailMeasure, type JailMode, locateVmHost, nodeVmHost } from "../src/index.ts";

/** A program that speaks native/vm-host/PROTOCOL.md, and what it can do by its nature. All are held to the same tests. */
export interface Executor {
  readonly name: string;
  /** To be given to `launchVm`. */
  readonly options: { readonly vmHost: string; readonly jail: JailMode };
  /** The measures of its jail, where the system allows all of them. */
  readonly measures: readonly JailMeasure[];
  /** Under which name, the last of its path, the VM process finds the share that is the specification's `index`th. */
  readonly shareName: (path: string, index: number) => string;
  /** Whether it can keep what is read-only so, for the user who runs this. */
  readonly protects: boolean;
  /** In which time it has made all calls but the last, in ms, on a busy machine. */
  readonly startsWithinMs: number;
  /** Starts and ends that are looked at for leftovers: it takes a tenth of a second or a thousandth for each. */
  readonly cycles: number;
  /** The words for ENOENT differ. */
  readonly noSuchFile: RegExp;
}

export const executors: readonly Executor[] = [
  {
    name: "the native vm-host",
    options: { vmHost: await locateVmHost(), jail: "required" },
    measures: [
      "user-namespace",
      "mount-namespace",
      "ipc-namespace",
      "uts-namespace",
      "network-namespace",
      "resource-limits",
      "private-tree",
      "few-capabilities",
      "no-new-privileges",
      "system-call-filter",
    ],
    shareName: (_path, index) => `${index}`,
    protects: true,
    startsWithinMs: 500,
    cycles: 30,
    noSuchFile: /No such file/,
  },
  {
    name: "the vm-host for Node.js",
    options: { vmHost: nodeVmHost(), jail: "best-effort" },
    measures: ["resource-limits"],
    shareName: (path) => basename(path),
    protects: process.getuid?.() === 0,
    startsWithinMs: 5000,
    cycles: 10,
    noSuchFile: /no such file/,
  },
];
