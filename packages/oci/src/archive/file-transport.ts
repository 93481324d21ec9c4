import { DirectoryFiles } from "../layout/directory-files.ts";
import { LayoutTransport } from "../layout/layout-transport.ts";
import type { ImageSource } from "../source/image-source.ts";
import type { ImageTransport } from "../transport/transport.ts";

/** An image in files. */
export type FileSource = Exclude<ImageSource, { readonly kind: "registry" }>;

/** The transport that reads an image in files. Nothing is opened before its first call. */
export function openFileTransport({ path, tag }: FileSource): ImageTransport {
  return new LayoutTransport("oci", new DirectoryFiles(path), tag);
}
