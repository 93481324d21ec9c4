import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { timedProcess } from "./timed-process.ts";

const pullScript = join(import.meta.dirname, "pull.mjs");

/** Figures of every run of one image, in order. */
export interface Contest {
  readonly skopeo: readonly { readonly wallMs: number; readonly cpuMs: number }[];
  readonly ours: readonly {
    readonly wallMs: number;
    readonly cpuMs: number;
    /** The call of `pull` alone, without the start of the process and the opening of the store. */
    readonly callMs: number;
    readonly peakBytes: number;
  }[];
}

/** One pull in a process of its own, into the store `directory`. */
export async function runPull(directory: string, reference: string): Promise<Contest["ours"][number]> {
  const { wallMs, cpuMs, stdout } = await timedProcess(process.execPath, [pullScript, directory, reference]);
  const { ms: callMs, peakBytes } = JSON.parse(stdout) as { ms: number; peakBytes: number };
  return { wallMs, cpuMs, callMs, peakBytes };
}

/** Lets both bring an image into fresh directories under `scratch`, `runs` times in turn; who begins changes each time. */
export async function runContest(reference: string, runs: number, scratch: string): Promise<Contest> {
  const skopeo: Contest["skopeo"][number][] = [];
  const ours: Contest["ours"][number][] = [];
  const copy = async (directory: string) => {
    const from = ["--src-tls-verify=false", `docker://${reference}`];
    skopeo.push(
      await timedProcess("skopeo", ["--insecure-policy", "copy", "--quiet", ...from, `oci:${directory}/layout:1`]),
    );
  };
  const pull = async (directory: string) => {
    ours.push(await runPull(join(directory, "store"), reference));
  };
  for (let run = 0; run < runs; run++) {
    for (const contestant of run % 2 ? [pull, copy] : [copy, pull]) {
      const directory = join(scratch, "contest");
      await mkdir(directory);
      await promisify(execFile)("sync");
      await contestant(directory);
      await rm(directory, { recursive: true });
    }
  }
  return { skopeo, ours };
}
