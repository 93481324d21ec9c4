import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { retrying } from "./retry.ts";
import type { RegistrySession } from "./session.ts";
import { statusFault } from "./status.ts";

/** Statuses of a blob that is not there, or of a registry that knows no HEAD here. */
const ABSENT: ReadonlySet<number> = new Set([404, 405, 501]);

/** Whether a repository has a blob. A registry that knows no HEAD here counts as one that does not. */
export function hasBlob(
  session: RegistrySession,
  { digest }: Pick<ContentDescriptor, "digest">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const attempt = async () => {
    await using answer = await session.send({ method: "HEAD", path: `blobs/${digest}`, signal });
    if (answer.status === 200) return true;
    if (ABSENT.has(answer.status)) return false;
    throw await statusFault(answer, { what: `the blob ${digest} of ${session.name}`, notFound: "BLOB_NOT_FOUND" });
  };
  return retrying(attempt, session.retry, signal);
}
