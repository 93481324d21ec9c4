import type { Digest } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import { protocolError } from "./faults.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { TransientFault } from "./retry.ts";

/**
 * How many bytes of a blob the registry has, by `Range: 0-<last>`, which some write with `bytes=`; `undefined` when it does not say.
 *
 * @throws OciError `REGISTRY_PROTOCOL` when that is more than was sent.
 */
export function receivedBytes({ header, url }: Pick<HttpAnswer, "header" | "url">, sent: number): number | undefined {
  const last = /^(?:bytes=)?0-(\d{1,15})$/.exec(header("range") ?? "")?.[1];
  if (last === undefined) return undefined;
  const received = Number(last) + 1;
  // `0-0` is also said of an upload of which nothing has come yet.
  if (received <= Math.max(sent, 1)) return received;
  throw protocolError(`${url.host} claims to have more of a blob than it was sent`, { host: url.host, received, sent });
}

/** An upload that has to be begun anew or asked about. */
export function uploadLost({ url, status }: HttpAnswer, digest: Digest, what: string): TransientFault {
  return new TransientFault(
    new OciError({
      code: "REGISTRY_UNREACHABLE",
      message: `${url.host} ${what} of ${digest}`,
      hint: "The registry has a fault of its own, or several servers that do not know of each other; try again later.",
      details: { host: url.host, status, digest },
    }),
  );
}

export function requestTooLarge({ url, status }: HttpAnswer, digest: Digest): OciError {
  return new OciError({
    code: "REGISTRY_PROTOCOL",
    message: `${url.host} refuses a request of the size of ${digest}`,
    hint: "Set chunkBytes, so that blobs go in smaller requests.",
    details: { host: url.host, status, digest },
  });
}
