import { readCapped } from "../content/read-capped.ts";
import { OciError, type OciErrorCode } from "../errors/oci-error.ts";
import { protocolError } from "./faults.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { parseRetryAfterMs, TransientFault } from "./retry.ts";

const MAX_ERROR_BYTES = 64 * 1024;

/** The code that stands for 404, and what was asked for, as in `docker.io/library/redis:7`. */
export interface Asked {
  readonly what: string;
  readonly notFound: Extract<OciErrorCode, "IMAGE_NOT_FOUND" | "BLOB_NOT_FOUND">;
}

/** The error for an answer whose status is no success. Reads what the registry says about it. */
export async function statusFault(answer: HttpAnswer, asked: Asked): Promise<TransientFault | OciError> {
  const { status, url } = answer;
  const said = await registryMessage(answer);
  const suffix = said === undefined ? "" : `: ${said}`;
  const details = { host: url.host, status };
  if (status === 404) {
    return new OciError({
      code: asked.notFound,
      message: `${url.host} does not have ${asked.what}${suffix}`,
      hint: "Check the name and the tag or digest.",
      details,
    });
  }
  if (status === 401 || status === 403) return denied(asked.what, url.host, `status ${status}${suffix}`);
  const retryAfterMs = parseRetryAfterMs(answer.header("retry-after"), Date.now());
  if (status === 429) {
    const final = new OciError({
      code: "REGISTRY_RATE_LIMITED",
      message: `${url.host} limits the rate of requests${suffix}`,
      hint: "Wait, or pull with credentials: most registries allow them more.",
      details: { ...details, ...(retryAfterMs === undefined ? {} : { retryAfterMs }) },
    });
    return new TransientFault(final, retryAfterMs);
  }
  if (status >= 500 || status === 408) {
    const final = new OciError({
      code: "REGISTRY_UNREACHABLE",
      message: `${url.host} failed with status ${status} when asked for ${asked.what}${suffix}`,
      hint: "The registry has a fault of its own; try again later.",
      details,
    });
    return new TransientFault(final, retryAfterMs);
  }
  return protocolError(`${url.host} answered status ${status} when asked for ${asked.what}${suffix}`, details);
}

export function denied(what: string, host: string, why: string): OciError {
  return new OciError({
    code: "REGISTRY_DENIED",
    message: `${host} denies access to ${what} (${why})`,
    hint: "Check the name (registries also deny what does not exist) and the credentials.",
    details: { host },
  });
}

/** The first message of a distribution-spec error body, cut. */
async function registryMessage(answer: HttpAnswer): Promise<string | undefined> {
  try {
    const bytes = await readCapped(answer.body(), MAX_ERROR_BYTES);
    const body: unknown = JSON.parse(Buffer.from(bytes ?? []).toString("utf8"));
    const message = (body as { errors?: readonly { message?: unknown }[] }).errors?.[0]?.message;
    return typeof message === "string" ? message.slice(0, 300) : undefined;
  } catch {
    return undefined;
  }
}
