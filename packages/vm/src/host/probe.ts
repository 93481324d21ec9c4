import { execFile } from "node:child_process";
import { promisify } from "node:util";
import * as v from "valibot";
import { vmHostCommand } from "../native/vm-host-command.ts";
import type { KvmState } from "./facts.ts";

/** vm-host gives up on its probe guest after 2 s; the rest is for starting it on a slow machine. */
const PROBE_TIMEOUT_MS = 20_000;

/** What vm-host finds out by trying. */
export interface Probed {
  readonly kvm: KvmState;
  /** As {@link HostFacts.jail}. */
  readonly jail: readonly string[];
}

const answer = v.pipe(
  v.string(),
  v.parseJson(),
  v.intersect([
    v.variant("kvm", [
      v.object({ kvm: v.literal("ok") }),
      v.object({ kvm: v.picklist(["missing", "denied", "unusable", "unknown"]), message: v.string() }),
    ]),
    v.object({ jail: v.array(v.string()) }),
  ]),
);

/** Runs the probe guest and tries the jail: native/vm-host/PROTOCOL.md, "Probe". Rejects only when the signal aborts. */
export async function probeHost(vmHost: string, signal: AbortSignal | undefined): Promise<Probed> {
  try {
    const { command, args } = vmHostCommand(vmHost);
    const options = { timeout: PROBE_TIMEOUT_MS, maxBuffer: 64 * 1024, ...(signal === undefined ? {} : { signal }) };
    const { stdout } = await promisify(execFile)(command, [...args, "probe"], options);
    const said = v.safeParse(answer, stdout.trim());
    if (!said.success) return unknown("vm-host's answer was not understood");
    const { jail, ...kvm } = said.output;
    return { kvm, jail };
  } catch (error) {
    signal?.throwIfAborted();
    return unknown(error instanceof Error ? error.message.trim() : String(error));
  }
}

function unknown(message: string): Probed {
  return { kvm: { kvm: "unknown", message }, jail: [] };
}
