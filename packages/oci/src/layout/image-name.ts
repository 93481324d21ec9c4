import type { Descriptor } from "../manifest/descriptor.ts";
import { formatReference, parseReference } from "../reference/reference.ts";
import type { ImageSource } from "../source/image-source.ts";
import { formatImageSource } from "../source/image-source.ts";

const REF_NAME = "org.opencontainers.image.ref.name";
const CONTAINERD_NAME = "io.containerd.image.name";
/** For images out of layouts on disk: a path does not fit the grammar that annotations.md has for ref.name. */
const SOURCE = "dev.a3s.image.source";
const NAME_KEYS = [SOURCE, REF_NAME, CONTAINERD_NAME];

/** The annotations under which `index.json` keeps an image. */
export function nameAnnotations(source: ImageSource): Readonly<Record<string, string>> {
  const name = formatImageSource(source);
  return source.kind === "registry" ? { [REF_NAME]: name, [CONTAINERD_NAME]: name } : { [SOURCE]: name };
}

/** The annotations of an image that a layout or an archive is to hold under a name: a full reference, or any other string such as a tag. */
export function nameAnnotationsOf(name: string): Readonly<Record<string, string>> {
  return isFullReference(name) ? { [REF_NAME]: name, [CONTAINERD_NAME]: name } : { [REF_NAME]: name };
}

/** Whether a name is a reference in its one spelling, registry and tag included. */
function isFullReference(name: string): boolean {
  try {
    return formatReference(parseReference(name)) === name;
  } catch {
    return false;
  }
}

/** The name of an entry of our own store. */
export function storedName(descriptor: Descriptor): string | undefined {
  for (const key of NAME_KEYS) {
    const value = descriptor.annotations?.[key];
    if (value !== undefined) return value;
  }
  return undefined;
}

/** The full reference that an entry of a layout carries; what other tools wrote there may be a tag alone. */
export function referenceOf({ annotations }: Descriptor): string | undefined {
  const names = [annotations?.[CONTAINERD_NAME], annotations?.[REF_NAME]];
  return names.find((name) => name !== undefined && isFullReference(name));
}

/** What an entry of a layout can be told from the others by. */
export function tagOf({ annotations }: Descriptor): string | undefined {
  return annotations?.[REF_NAME] ?? annotations?.[CONTAINERD_NAME];
}

/** Whether an entry of a layout has this tag. */
export function hasTag(descriptor: Descriptor, tag: string): boolean {
  return descriptor.annotations?.[REF_NAME] === tag || descriptor.annotations?.[CONTAINERD_NAME] === tag;
}

/** The position of an image that a tag such as `@0` names, as skopeo writes it for images without a name. */
export function positionTag(tag: string | undefined): number | undefined {
  const position = /^@(?<position>[0-9]{1,6})$/.exec(tag ?? "")?.groups?.["position"];
  return position === undefined ? undefined : Number(position);
}
