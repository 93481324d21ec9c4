import { OciError } from "../errors/oci-error.ts";
import type { ContentDescriptor } from "../manifest/descriptor.ts";
import type { ImageTransport, TransportCall } from "./transport.ts";

/**
 * Runs a task that reads a blob and holds it against its digest; again, as long as that does not fit and the transport has another place to
 * read it from.
 *
 * @throws OciError `BLOB_MISMATCH` when no place has what the digest promises; whatever else the task throws
 */
export async function fromAnyPlace<T>(
  transport: ImageTransport,
  descriptor: ContentDescriptor,
  call: TransportCall,
  task: () => Promise<T>,
): Promise<T> {
  for (;;) {
    try {
      return await task();
    } catch (error) {
      if (!(error instanceof OciError && error.code === "BLOB_MISMATCH")) throw error;
      if (transport.distrust === undefined) throw error;
      transport.distrust(descriptor, error, call);
    }
  }
}
