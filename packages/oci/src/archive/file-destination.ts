import { LayoutDestination } from "../layout/layout-destination.ts";
import type { ImageDestination } from "../transport/destination.ts";
import type { FileSource } from "./file-transport.ts";

/** The destination that writes images into files of a kind. The names of the images come with their manifests. */
export function openFileDestination({ path }: FileSource): ImageDestination {
  return new LayoutDestination(path);
}
