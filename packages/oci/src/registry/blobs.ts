import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import { bareMediaType } from "../manifest/media-type.ts";
import type { BlobCall } from "../transport/transport.ts";
import { protocolError } from "./faults.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { Retries, TransientFault } from "./retry.ts";
import type { RegistrySession } from "./session.ts";
import { statusFault } from "./status.ts";

/** Progress after which earlier faults of a download no longer count. */
const PROGRESS_BYTES = 1024 * 1024;

/**
 * The bytes of a blob. When the connection breaks, the rest is asked for with `Range`; a registry that ignores or refuses it sends all
 * again and what is known already is skipped. That the parts fit together shows in the digest. With `url` they come from there.
 */
export async function* getBlob(
  session: RegistrySession,
  descriptor: ContentDescriptor,
  { signal, offset: start = 0, lend = false, url }: BlobCall & { readonly url?: URL },
): AsyncGenerator<Uint8Array, void, undefined> {
  const { size } = descriptor;
  if (start > 0 && start >= size) return;
  const retries = new Retries(session.retry);
  let offset = start;
  let counted = start;
  do {
    try {
      await using answer = await requestBlob(session, url ?? `blobs/${descriptor.digest}`, offset, signal);
      let skip = await expectBlob(answer, session, descriptor, offset);
      for await (const chunk of answer.body()) {
        const fresh = chunk.subarray(Math.min(skip, chunk.length));
        skip -= chunk.length - fresh.length;
        offset += fresh.length;
        if (fresh.length > 0) yield fresh;
        if (lend) free(chunk);
      }
      if (offset < size) throw brokenOff(answer, descriptor, offset);
    } catch (error) {
      // Whatever was still to come after its last byte, the blob is whole.
      if (error instanceof TransientFault && offset > start && offset >= size) return;
      if (offset - counted >= PROGRESS_BYTES) retries.reset();
      counted = offset;
      await retries.afterFailure(error, signal);
    }
  } while (offset < size);
}

/** Asks for the bytes from an offset on, or for all when the registry does not want to give a part. */
async function requestBlob(
  session: RegistrySession,
  path: string | URL,
  offset: number,
  signal: AbortSignal | undefined,
): Promise<HttpAnswer> {
  const whole = { method: "GET", path, signal } as const;
  if (offset === 0) return session.send(whole);
  const answer = await session.send({ ...whole, headers: { range: `bytes=${offset}-` } });
  if (answer.status !== 416) return answer;
  await answer[Symbol.asyncDispose]();
  return session.send(whole);
}

/** How many bytes at the start of the body are known already. */
async function expectBlob(
  answer: HttpAnswer,
  session: RegistrySession,
  { digest }: ContentDescriptor,
  offset: number,
): Promise<number> {
  if (answer.status === 206) {
    const start = /^bytes (\d{1,15})-/.exec(answer.header("content-range") ?? "")?.[1];
    if (Number(start) === offset) return 0;
    throw protocolError(`${answer.url.host} answered another range of ${digest} than the one asked for`);
  }
  if (answer.status !== 200) {
    throw await statusFault(answer, { what: `the blob ${digest} of ${session.name}`, notFound: "BLOB_NOT_FOUND" });
  }
  if (bareMediaType(answer.header("content-type") ?? "") === "text/html") {
    throw protocolError(`${answer.url.host} answered an HTML page when asked for a blob`, { host: answer.url.host });
  }
  return offset;
}

function brokenOff({ url }: HttpAnswer, { digest, size }: ContentDescriptor, offset: number): TransientFault {
  return new TransientFault(
    new OciError({
      code: "REGISTRY_UNREACHABLE",
      message: `${url.host} broke off after ${offset} of the ${size} bytes of ${digest}`,
      hint: "Check the network between this machine and the registry, and try again.",
      details: { host: url.host, digest, size, received: offset },
    }),
  );
}

/**
 * Gives the memory of a chunk back at once. Left to the garbage collector, the buffers of a large blob pile up to some 90 MB between
 * its runs, and these take a fifth of the CPU time of a pull. A chunk that shares its memory with others is left alone.
 */
function free({ buffer, byteLength }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer && buffer.byteLength === byteLength) buffer.transfer(0);
}
