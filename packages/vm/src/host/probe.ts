import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as v from "valibot";
import type { KvmState } from "./facts.ts";

/** vm-host gives up on its probe guest after 2 s; the rest is for starting it on a slow machine. */
const PROBE_TIMEOUT_MS = 20_000;

const answer = v.pipe(
  v.string(),
  v.parseJson(),
  v.variant("kvm", [
    v.object({ kvm: v.literal("ok") }),
    v.object({ kvm: v.picklist(["missing", "denied", "unusable"]), message: v.string() }),
  ]),
);

/** Runs the probe guest: native/vm-host/PROTOCOL.md, "Probe". Rejects only when the signal aborts. */
export async function probeKvm(vmHost: string, signal: AbortSignal | undefined): Promise<KvmState> {
  try {
    const options = { timeout: PROBE_TIMEOUT_MS, maxBuffer: 64 * 1024, ...(signal === undefined ? {} : { signal }) };
    const { stdout } = await promisify(execFile)(vmHost, ["probe"], options);
    const said = v.safeParse(answer, stdout.trim());
    return said.success ? said.output : { kvm: "unknown", message: "vm-host's answer was not understood" };
  } catch (error) {
    signal?.throwIfAborted();
    return { kvm: "unknown", message: error instanceof Error ? error.message.trim() : String(error) };
  }
}
