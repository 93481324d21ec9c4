import * as v from "valibot";
import { OciError } from "../errors/oci-error.ts";

/** Most bytes of a manifest. */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;
/** Most bytes of an index. */
export const MAX_INDEX_BYTES = 4 * 1024 * 1024;
/** Most bytes of an image configuration. */
export const MAX_CONFIG_BYTES = 8 * 1024 * 1024;

/** Bytes of a JSON document and how errors shall name it. */
export interface JsonDocument {
  readonly bytes: Uint8Array;
  /** For messages, as in `the manifest sha256:…`. */
  readonly what: string;
  readonly maxBytes: number;
}

/** @throws {@link OciError} `MANIFEST_INVALID` when the document is larger than its cap, or not JSON in UTF-8. */
export function parseJsonDocument(document: JsonDocument): unknown {
  const { bytes, what, maxBytes } = document;
  if (bytes.length > maxBytes) throw tooLarge(what, bytes.length, maxBytes);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw manifestInvalid(what, "is not JSON in UTF-8", { cause });
  }
}

/** Most characters of a fault: both the path and what was found there are the document's own. */
const MAX_FAULT_LENGTH = 500;

/**
 * Parses by a schema; the first fault is named with its path. Collecting all of them would take a thousand times the memory of a document
 * that is made of nothing else.
 */
export function parseShape<Schema extends v.GenericSchema>(
  schema: Schema,
  value: unknown,
  what: string,
): v.InferOutput<Schema> {
  const result = v.safeParse(schema, value, { abortEarly: true });
  if (result.success) return result.output;
  const [issue] = result.issues;
  const fault = `${v.getDotPath(issue) ?? "(itself)"}: ${issue.message}`.slice(0, MAX_FAULT_LENGTH);
  throw manifestInvalid(what, `is malformed: ${fault}`, { details: { fault } });
}

export function tooLarge(what: string, size: number, maxBytes: number): OciError {
  return manifestInvalid(what, `has ${size} bytes, more than the ${maxBytes} allowed`, { details: { size, maxBytes } });
}

export function manifestInvalid(
  what: string,
  fault: string,
  more: { readonly cause?: unknown; readonly details?: Readonly<Record<string, unknown>> } = {},
): OciError {
  return new OciError({
    code: "MANIFEST_INVALID",
    message: `${sentenceStart(what)} ${fault}`,
    hint: "The image was built or pushed wrongly; build it again, or ask its publisher.",
    ...more,
  });
}

function sentenceStart(what: string): string {
  return what.charAt(0).toUpperCase() + what.slice(1);
}
