/** What a place of the tree may be deep: `/shares/N/NAME` is the longest. */
const MAX_DEPTH = 3;
const MAX_NAME_BYTES = 255;
/** What the VM process has there without being asked. */
const TAKEN = new Set(["dev", "proc"]);

/** Whether a path can be a place in the tree of a VM process. Pure. */
export function isPlace(path: string): boolean {
  const [first, ...names] = path.split("/");
  const bounded = names.length >= 1 && names.length <= MAX_DEPTH;
  return first === "" && bounded && !TAKEN.has(names[0] as string) && names.every(isFileName);
}

function isFileName(name: string): boolean {
  return (
    name !== "" && name !== "." && name !== ".." && Buffer.byteLength(name) <= MAX_NAME_BYTES && !name.includes("\0")
  );
}

/** A place within another entry would be made in a directory of the host. Pure. */
export function liesWithinAnother(places: readonly string[]): boolean {
  const all = new Set(places);
  if (all.size < places.length) return true;
  return places.some((at) => {
    for (let end = at.lastIndexOf("/"); end > 0; end = at.lastIndexOf("/", end - 1)) {
      if (all.has(at.slice(0, end))) return true;
    }
    return false;
  });
}
