import { ArchiveFiles } from "../archive/archive-files.ts";
import { DockerArchiveTransport } from "../archive/docker-archive-transport.ts";
import { readDockerManifest } from "../archive/docker-manifest.ts";
import { OciError } from "../errors/oci-error.ts";
import { referenceOf, tagOf } from "../layout/image-name.ts";
import type { LayoutFiles } from "../layout/layout-files.ts";
import { LayoutTransport, layoutEntries } from "../layout/layout-transport.ts";
import { parseReference } from "../reference/reference.ts";
import type { FileSourceKind, ImageSource } from "../source/image-source.ts";
import type { ImageTransport, TransportCall } from "../transport/transport.ts";

/** An image in files and the name that it is kept under. */
export interface LoadableImage {
  readonly source: ImageSource;
  /** Reads files that others read as well: whoever opened them disposes them. */
  readonly transport: ImageTransport;
}

/** Files, and the path that images without a full name are named after. */
export interface LoadedFrom {
  readonly files: LayoutFiles;
  readonly path: string | undefined;
}

/**
 * The images that files hold, once for each of their names. What archives of Docker 25 and later have twice is read as the layout,
 * which keeps digests.
 *
 * @throws OciError `LAYOUT_INVALID`, `ARCHIVE_INVALID`
 */
export async function loadableImages(from: LoadedFrom, call: TransportCall): Promise<readonly LoadableImage[]> {
  const { files } = from;
  if (!(files instanceof ArchiveFiles)) return layoutImages("oci", from, call);
  const names = ["oci-layout", "index.json", "manifest.json"];
  const [layout, index, manifest] = await Promise.all(names.map((name) => files.size(name, call)));
  if (layout !== undefined && index !== undefined) return layoutImages("oci-archive", from, call);
  if (manifest !== undefined) return dockerImages(files, from, call);
  throw files.invalid("it has neither oci-layout and index.json nor manifest.json");
}

async function layoutImages(
  kind: "oci" | "oci-archive",
  from: LoadedFrom,
  call: TransportCall,
): Promise<readonly LoadableImage[]> {
  const entries = await layoutEntries(from.files, call);
  const isNamed = entries.some((entry) => tagOf(entry) !== undefined);
  return entries.flatMap((entry, position) => {
    const tag = tagOf(entry);
    // Beside images with names, those without are what belongs to them: signatures, attestations.
    if (isNamed && tag === undefined) return [];
    const reference = referenceOf(entry);
    const ownName = tag ?? (entries.length > 1 ? `@${position}` : undefined);
    const source = reference === undefined ? fileSource(kind, from, ownName) : registrySource(reference);
    return [{ source, transport: new LayoutTransport(kind, from.files, `@${position}`) }];
  });
}

async function dockerImages(
  files: ArchiveFiles,
  from: LoadedFrom,
  call: TransportCall,
): Promise<readonly LoadableImage[]> {
  const images = await readDockerManifest(files, call);
  return images.flatMap(({ references }, position) => {
    const transport = new DockerArchiveTransport(files, `@${position}`);
    const sources = references.map(registrySource);
    if (sources.length === 0) {
      sources.push(fileSource("docker-archive", from, images.length > 1 ? `@${position}` : undefined));
    }
    return sources.map((source) => ({ source, transport }));
  });
}

function registrySource(reference: string): ImageSource {
  return { kind: "registry", reference: parseReference(reference) };
}

function fileSource(kind: FileSourceKind, { files, path }: LoadedFrom, tag: string | undefined): ImageSource {
  if (path !== undefined) return { kind, path, ...(tag === undefined ? {} : { tag }) };
  const image = tag === undefined ? "an image without a name" : `the image ${JSON.stringify(tag)}`;
  throw new OciError({
    code: "ARCHIVE_INVALID",
    message: `${files.path} has ${image}, under which nobody would find it`,
    hint: "Load it from a file, or save it under a full name such as docker.io/library/redis:7.",
    details: { path: files.path },
  });
}
