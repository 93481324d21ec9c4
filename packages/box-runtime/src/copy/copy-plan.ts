import { basename, dirname } from "node:path/posix";
import { RuntimeError } from "../errors/runtime-error.ts";

/** What is copied where; paths as they were given, with their slashes and dots at the end. */
export interface CopyRequest {
  readonly source: string;
  readonly sourceIsDirectory: boolean;
  readonly target: string;
  /** What the target leads to; undefined when there is nothing. */
  readonly targetFound: "directory" | "other" | undefined;
}

/** The directory that the copy is made in, and its name there; "." for what the source holds, without the source itself. */
export interface CopyPlan {
  readonly directory: string;
  readonly name: string;
}

/**
 * Decides what a copy is called, by the rules of `docker cp`: a source goes into a directory that is there under its own name, and
 * otherwise takes the name of the target; `/.` at the end of a source means what it holds.
 *
 * @throws RuntimeError `COPY_INVALID`
 */
export function planCopy({ source, sourceIsDirectory, target, targetFound }: CopyRequest): CopyPlan {
  if (!sourceIsDirectory && (source.endsWith("/") || isSelf(source))) {
    throw invalid(`${quoted(source)} is not a directory`, "Leave out what follows its name.");
  }
  if (targetFound === "directory") {
    return { directory: target, name: sourceIsDirectory && isSelf(source) ? "." : basename(source) };
  }
  if (targetFound === "other" && (sourceIsDirectory || target.endsWith("/"))) {
    throw invalid(
      `${quoted(target)} is not a directory`,
      "A directory can only be copied into a directory, or under a new name.",
    );
  }
  const isForFile = !target.endsWith("/") && !isSelf(target);
  if (!isForFile && !sourceIsDirectory) {
    throw invalid(
      `The directory ${quoted(target)} does not exist`,
      "Create it first, or leave out the slash at its end.",
    );
  }
  if (isSelf(target)) throw invalid(`The directory ${quoted(target)} does not exist`, "Create it first.");
  const whole = target.replace(/\/+$/, "");
  return { directory: dirname(whole), name: basename(whole) };
}

/** Whether a path names a directory by itself, as `a/.`, `..` and `/` do. */
function isSelf(path: string): boolean {
  return /(^|\/)(\.|\.\.)?$/.test(path) && (!path.endsWith("/") || /^\/*$/.test(path));
}

function quoted(path: string): string {
  return JSON.stringify(path.slice(0, 200));
}

function invalid(message: string, hint: string): RuntimeError {
  return new RuntimeError({ code: "COPY_INVALID", message, hint });
}
