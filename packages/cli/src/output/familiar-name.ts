/** A reference as people write it: without the registry and the namespace that are meant when none is named. */
export function familiarName(reference: string): string {
  return reference.replace(/^docker\.io\/(?:library\/)?/, "");
}
