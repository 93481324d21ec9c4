import { DirectoryFiles } from "../layout/directory-files.ts";
import { LayoutTransport } from "../layout/layout-transport.ts";
import type { ImageSource } from "../source/image-source.ts";
import type { ImageTransport } from "../transport/transport.ts";
import { ArchiveFiles, type ArchiveOptions } from "./archive-files.ts";
import { DockerArchiveTransport } from "./docker-archive-transport.ts";

/** An image in files. */
export type FileSource = Exclude<ImageSource, { readonly kind: "registry" }>;

/** The transport that reads an image in files. Nothing is opened before its first call. */
export function openFileTransport({ kind, path, tag }: FileSource, options: ArchiveOptions = {}): ImageTransport {
  if (kind === "oci") return new LayoutTransport(kind, new DirectoryFiles(path), tag);
  const files = new ArchiveFiles(path, options);
  return kind === "oci-archive" ? new LayoutTransport(kind, files, tag) : new DockerArchiveTransport(files, tag);
}
