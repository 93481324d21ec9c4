import { RootfsError, type RootfsErrorCode } from "./rootfs-error.ts";

const HINTS: Partial<Record<RootfsErrorCode, string>> = {
  LAYER_INVALID: "Pull the image again; if it stays so, the image was built wrongly.",
  LAYER_UNSUPPORTED: "Rebuild the image with a builder that writes plain OCI layers.",
  LAYER_ESCAPE: "Do not use this image: container runtimes never need such entries.",
  LAYER_RESERVED: "Rebuild the image without this entry.",
  LAYER_TOO_LARGE: "Raise the limit in `limits` if you trust the image.",
};

/** What is wrong with a layer. `what` is a sentence about one entry or the stream; the layer's digest is added where it is known. */
export function layerFault(
  code: RootfsErrorCode,
  what: string,
  details: Readonly<Record<string, unknown>> = {},
): RootfsError {
  const hint = HINTS[code];
  return new RootfsError({ code, message: what, details, ...(hint === undefined ? {} : { hint }) });
}
