import { once } from "../content/once.ts";
import type { Descriptor } from "../manifest/descriptor.ts";
import { inlineData } from "../manifest/inline-data.ts";
import type { OpenContent } from "../transport/destination.ts";
import type { ImageTransport } from "../transport/transport.ts";

/** The bytes of a blob, lent: those that its descriptor carries, else those of the source. */
export function contentOf(descriptor: Descriptor, transport: ImageTransport, signal: AbortSignal): OpenContent {
  return (offset) => {
    const bytes = inlineData(descriptor);
    return bytes === undefined
      ? transport.blob(descriptor, { signal, offset, lend: true })
      : once(bytes.subarray(offset));
  };
}
