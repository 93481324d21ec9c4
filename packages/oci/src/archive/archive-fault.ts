import { OciError } from "../errors/oci-error.ts";

/** An archive that cannot be read. `fault` follows the archive's name in the message. */
export function archiveInvalid(path: string, fault: string, cause?: unknown): OciError {
  return new OciError({
    code: "ARCHIVE_INVALID",
    message: `${path} ${fault}`,
    hint: "Give a tar archive as `docker save`, `skopeo copy` or `podman save` writes it, plain or packed with gzip or zstd.",
    cause,
    details: { path },
  });
}
