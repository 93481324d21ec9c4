import { runPull } from "./contest.ts";
import { startRecordingProxy } from "./recording-proxy.ts";

/** What a pull of an image that the store has already took. */
export interface PresentPull {
  readonly requests: number;
  /** Whether all of them were for manifests. */
  readonly manifestsOnly: boolean;
  /** The call of `pull` without the time that the registry's answers took. */
  readonly besideMs: number;
}

/** Pulls an image of the registry at `host` into the store `directory`, then again `runs` times, each in a process of its own. */
export async function measurePresent(
  host: string,
  name: string,
  directory: string,
  runs: number,
): Promise<readonly PresentPull[]> {
  await using proxy = await startRecordingProxy(host);
  const reference = `${proxy.host}/${name}`;
  await runPull(directory, reference);
  proxy.take();
  const pulls: PresentPull[] = [];
  for (let run = 0; run < runs; run++) {
    const { callMs } = await runPull(directory, reference);
    const requests = proxy.take();
    pulls.push({
      requests: requests.length,
      manifestsOnly: requests.every(({ path }) => path.includes("/manifests/")),
      besideMs: callMs - requests.reduce((sum, { ms }) => sum + ms, 0),
    });
  }
  return pulls;
}
