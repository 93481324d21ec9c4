import { expect, test } from "vitest";
import { EMPTY_INDEX_JSON } from "../layout/index-json.ts";
import { parseImageSource } from "../source/image-source.ts";
import { namedEntries, withName, withoutName, withTag } from "./index-names.ts";

const content = { mediaType: "a/b", digest: `sha256:${"a".repeat(64)}`, size: 1 } as const;
const other = { ...content, digest: `sha256:${"b".repeat(64)}` } as const;
const index = withName(EMPTY_INDEX_JSON, parseImageSource("alpine"), content);
const names = (of: typeof index) => namedEntries(of).map(({ reference }) => reference);

test("a name is added, moved in its place, and forgotten", () => {
  const two = withName(index, parseImageSource("redis:7"), other);
  expect(names(two)).toEqual(["docker.io/library/alpine:latest", "docker.io/library/redis:7"]);
  const moved = withName(two, parseImageSource("alpine:latest"), other);
  expect(names(moved)).toEqual(names(two));
  expect(moved.manifests[0]?.digest).toBe(other.digest);
  expect(names(withoutName(moved, "docker.io/library/alpine:latest"))).toEqual(["docker.io/library/redis:7"]);
});

test("a change that changes nothing gives the same object back", () => {
  expect(withName(index, parseImageSource("alpine"), content)).toBe(index);
  expect(withoutName(index, "docker.io/library/redis:7")).toBe(index);
  expect(withTag(index, "alpine", "docker.io/library/alpine:latest")).toBe(index);
});

test("a tag gives the same content another name", () => {
  const tagged = withTag(index, "alpine", "localhost:5000/my/own:1");
  expect(names(tagged)).toEqual(["docker.io/library/alpine:latest", "localhost:5000/my/own:1"]);
  expect(tagged.manifests[1]).toMatchObject(content);
  expect(names(withTag(index, "alpine", `x/y@${content.digest}`))).toContain(`docker.io/x/y@${content.digest}`);
});

test("a name with a digest is of no other content, whoever asks for it", () => {
  const pinned = parseImageSource(`x@${other.digest}`);
  expect(() => withName(index, pinned, content)).toThrow(expect.objectContaining({ code: "REFERENCE_INVALID" }));
  expect(names(withName(index, pinned, other))).toContain(`docker.io/library/x@${other.digest}`);
});

test.each([
  ["a source that is not there", "redis", "x", "IMAGE_NOT_FOUND"],
  ["a target with the digest of something else", "alpine", `x@${other.digest}`, "REFERENCE_INVALID"],
  ["a target that is no reference", "alpine", "X", "REFERENCE_INVALID"],
])("%s is refused", (_what, source, target, code) => {
  expect(() => withTag(index, source, target)).toThrow(expect.objectContaining({ code }));
});
