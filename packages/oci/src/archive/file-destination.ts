import { LayoutDestination } from "../layout/layout-destination.ts";
import type { ImageDestination } from "../transport/destination.ts";
import { ArchiveDestination } from "./archive-destination.ts";
import { DockerArchiveDestination } from "./docker-archive-destination.ts";
import type { FileSource } from "./file-transport.ts";

/**
 * The destination that writes images into files of a kind. What the images are called comes with their manifests: in a `docker-archive`
 * a reference, elsewhere any string. A layout is added to; an archive is replaced at commit.
 */
export function openFileDestination({ kind, path }: FileSource): ImageDestination {
  if (kind === "oci") return new LayoutDestination(path);
  return kind === "oci-archive" ? new ArchiveDestination(path) : new DockerArchiveDestination(path);
}
