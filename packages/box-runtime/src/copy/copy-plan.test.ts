import { expect, test } from "vitest";
import { type CopyRequest, planCopy } from "./copy-plan.ts";

const copy = (source: string, isDirectory: boolean, target: string, targetFound: CopyRequest["targetFound"]) =>
  planCopy({ source, sourceIsDirectory: isDirectory, target, targetFound });

/** The table of `docker cp`: source, whether it is a directory, target, what is there; directory and name of the copy. */
test.each<[string, boolean, string, CopyRequest["targetFound"], string, string]>([
  // A file.
  ["/a/file", false, "/b/new", undefined, "/b", "new"],
  ["/a/file", false, "/b/file", "other", "/b", "file"],
  ["/a/file", false, "/b", "directory", "/b", "file"],
  ["/a/file", false, "/b/", "directory", "/b/", "file"],
  ["/a/file", false, "/", "directory", "/", "file"],
  ["file", false, "new", undefined, ".", "new"],
  ["file", false, ".", "directory", ".", "file"],
  ["/a/.hidden", false, "/b", "directory", "/b", ".hidden"],
  ["/a/..b", false, "/b", "directory", "/b", "..b"],
  ["/a/file.", false, "/b", "directory", "/b", "file."],
  // A directory.
  ["/a/dir", true, "/b/new", undefined, "/b", "new"],
  ["/a/dir", true, "/b/new/", undefined, "/b", "new"],
  ["/a/dir/", true, "/b/new", undefined, "/b", "new"],
  ["/a/dir/.", true, "/b/new", undefined, "/b", "new"],
  ["/a/dir", true, "/b", "directory", "/b", "dir"],
  ["/a/dir/", true, "/b", "directory", "/b", "dir"],
  ["/a/dir", true, "/b/.", "directory", "/b/.", "dir"],
  // What a directory holds.
  ["/a/dir/.", true, "/b", "directory", "/b", "."],
  ["/a/dir/..", true, "/b", "directory", "/b", "."],
  [".", true, "/b", "directory", "/b", "."],
  ["/", true, "/b", "directory", "/b", "."],
  ["/", true, "/b/new", undefined, "/b", "new"],
])("%s (directory: %s) to %s (%s) is %s, %s", (source, isDirectory, target, found, directory, name) => {
  expect(copy(source, isDirectory, target, found)).toEqual({ directory, name });
});

test.each<[string, string, boolean, string, CopyRequest["targetFound"]]>([
  ["a file that is named as a directory", "/a/file/", false, "/b", "directory"],
  ["a file of which the content is asked for", "/a/file/.", false, "/b", "directory"],
  ["a file into a directory that is missing", "/a/file", false, "/b/", undefined],
  ["a file into a directory that is missing, by a dot", "/a/file", false, "/b/.", undefined],
  ["a file over a file that is named as a directory", "/a/file", false, "/b/", "other"],
  ["a directory over a file", "/a/dir", true, "/b", "other"],
  ["what a directory holds over a file", "/a/dir/.", true, "/b", "other"],
  ["a directory into one that is missing, by a dot", "/a/dir", true, "/b/.", undefined],
])("%s is refused", (_name, source, isDirectory, target, found) => {
  expect(() => copy(source, isDirectory, target, found)).toThrow(expect.objectContaining({ code: "COPY_INVALID" }));
});
