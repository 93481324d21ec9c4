import { InvalidArgumentError } from "commander";

/** One end of a copy. */
export type CopyEnd =
  | { readonly kind: "box"; readonly box: string; readonly path: string }
  | { readonly kind: "host"; readonly path: string }
  | { readonly kind: "stream" };

/** A copy with its direction. */
export type CopyPlan =
  | { readonly direction: "in"; readonly from: Exclude<CopyEnd, { kind: "box" }>; readonly to: BoxEnd }
  | { readonly direction: "out"; readonly from: BoxEnd; readonly to: Exclude<CopyEnd, { kind: "box" }> };

type BoxEnd = Extract<CopyEnd, { kind: "box" }>;

/**
 * `BOX:PATH`, a path of the host, or `-` for a tar archive on standard input or output. As docker has it: what begins with a slash or a dot
 * is a path of the host, whatever colons it has, and a path in the box counts from its root.
 */
export function parseCopyEnd(text: string): CopyEnd {
  if (text === "-") return { kind: "stream" };
  if (text === "") throw new InvalidArgumentError("an empty path cannot be copied");
  const colon = text.indexOf(":");
  if (colon < 0 || text.startsWith("/") || text.startsWith(".")) return { kind: "host", path: text };
  const [box, path] = [text.slice(0, colon), text.slice(colon + 1)];
  if (box === "" || path === "") throw new InvalidArgumentError(`${JSON.stringify(text)} is not BOX:PATH`);
  return { kind: "box", box, path: path.startsWith("/") ? path : `/${path}` };
}

/** From where to where; one end has to be in a box. */
export function planCopy(from: string, to: string): CopyPlan {
  const ends = { from: parseCopyEnd(from), to: parseCopyEnd(to) };
  if (ends.from.kind === "box") {
    if (ends.to.kind !== "box") return { direction: "out", from: ends.from, to: ends.to };
    throw new InvalidArgumentError("copying from box to box is not supported: copy to the host first");
  }
  if (ends.to.kind === "box") return { direction: "in", from: ends.from, to: ends.to };
  throw new InvalidArgumentError("neither is in a box: name one as BOX:PATH");
}
