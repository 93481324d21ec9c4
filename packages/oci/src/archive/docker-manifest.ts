import * as v from "valibot";
import { MAX_LAYERS } from "../manifest/manifest.ts";
import { formatReference, parseReference } from "../reference/reference.ts";
import type { TransportCall } from "../transport/transport.ts";
import type { ArchiveFiles } from "./archive-files.ts";
import { MAX_ENTRY_NAME_BYTES } from "./tar-index.ts";

/** Most bytes of a `manifest.json`: some 1000 images of 50 layers. */
const MAX_MANIFEST_JSON_BYTES = 4 * 1024 * 1024;
/** Most images in one archive. */
const MAX_IMAGES = 4096;

const name = v.pipe(v.string(), v.maxLength(MAX_ENTRY_NAME_BYTES));

/** What `docker save` writes since version 1.10 (image/tarexport in moby); files are named by their place in the archive. */
const schema = v.pipe(
  v.array(
    v.looseObject({
      Config: name,
      RepoTags: v.nullish(v.array(name), []),
      Layers: v.pipe(v.nullish(v.array(name), []), v.maxLength(MAX_LAYERS)),
    }),
  ),
  v.maxLength(MAX_IMAGES),
);

/** One image of a `docker save` archive. */
export interface DockerImage {
  /** Name of the configuration's file. */
  readonly config: string;
  /** References in their one spelling; what is no reference is left out. */
  readonly references: readonly string[];
  /** Names of the layers' files, lowest first. */
  readonly layers: readonly string[];
}

/** The images of an archive. @throws OciError `ARCHIVE_INVALID` */
export async function readDockerManifest(files: ArchiveFiles, call: TransportCall): Promise<readonly DockerImage[]> {
  const bytes = await files.read("manifest.json", MAX_MANIFEST_JSON_BYTES, call);
  if (bytes === undefined) throw files.invalid("it has no manifest.json, which docker save writes since version 1.10");
  try {
    return v.parse(schema, JSON.parse(Buffer.from(bytes).toString("utf8")), { abortEarly: true }).map((image) => ({
      config: image.Config,
      references: (image.RepoTags ?? []).flatMap((tag) => normalised(tag) ?? []),
      layers: image.Layers ?? [],
    }));
  } catch (cause) {
    throw files.invalid("manifest.json is malformed", cause);
  }
}

/** `redis:7` -> `docker.io/library/redis:7`; `undefined` for what is no reference. */
export function normalised(reference: string): string | undefined {
  try {
    return formatReference(parseReference(reference));
  } catch {
    return undefined;
  }
}
