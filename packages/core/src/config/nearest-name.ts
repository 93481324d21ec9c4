import { distance } from "fastest-levenshtein";

/** A name that is longer is no typing error. */
const MAX_LENGTH = 64;
/** Shorter beginnings fit too much. */
const MIN_BEGINNING = 3;

/**
 * The known name that somebody meant who wrote `name`: the one with the fewest letters to change, at most a third of them; else one that is
 * its beginning, or begins with it. Case, `-` and `_` do not count. Undefined when none is near.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const written = plain(name);
  if (written === "" || name.length > MAX_LENGTH) return undefined;
  const [nearest] = known
    .map((candidate) => ({ candidate, changes: distance(written, plain(candidate)) }))
    .sort((a, b) => a.changes - b.changes);
  if (nearest !== undefined && nearest.changes <= Math.floor(written.length / 3)) return nearest.candidate;
  return known.find((candidate) => begins(plain(candidate), written) || begins(written, plain(candidate)));
}

/** As the end of a sentence about a name that is not known: "; did you mean ...?", or nothing. */
export function suggestion(name: string, known: readonly string[]): string {
  const nearest = nearestName(name, known);
  return nearest === undefined ? "" : `; did you mean ${nearest}?`;
}

function begins(name: string, beginning: string): boolean {
  return beginning.length >= MIN_BEGINNING && name.startsWith(beginning);
}

function plain(name: string): string {
  return name.toLowerCase().replaceAll(/[-_]/g, "");
}
