import { homeLayout } from "@a3s/core";
import type { HostReport } from "./finding.ts";
import { gatherFacts } from "./gather.ts";
import { judgeHost } from "./judge.ts";

/** Options of {@link checkHost}. */
export interface CheckHostOptions {
  /** Home directory, absolute; `$A3S_HOME`, else `~/.a3s`, by default. */
  readonly home?: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Finds out whether VMs can run here: /dev/kvm really runs a probe guest, the libraries load, and so on. Loads libkrun
 * into this process; writes nothing.
 *
 * ```ts
 * const { ok, findings } = await checkHost();
 * for (const { code, message, fix } of findings) console.log(code, message, fix ?? "");
 * ```
 *
 * @throws CoreError `CONFIG_INVALID` when the home is no absolute path; the signal's reason when aborted.
 */
export async function checkHost(options: CheckHostOptions = {}): Promise<HostReport> {
  const findings = judgeHost(await gatherFacts(homeLayout(options.home), options.signal));
  return { ok: findings.every(({ severity }) => severity !== "error"), findings };
}
