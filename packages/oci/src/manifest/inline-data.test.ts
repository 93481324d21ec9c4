import { expect, test } from "vitest";
import { contentDigest } from "../content/content-digest.ts";
import { inlineData } from "./inline-data.ts";

const bytes = Buffer.from("{}");
const descriptor = { mediaType: "application/json", digest: contentDigest(bytes), size: 2 };

test("content that a descriptor carries is handed out, with any registered digest", () => {
  expect(inlineData({ ...descriptor, data: "e30=" })).toEqual(bytes);
  expect(inlineData({ ...descriptor, digest: contentDigest(bytes, "sha512"), data: "e30=" })).toEqual(bytes);
});

test("a descriptor without data carries none, an empty one carries emptiness", () => {
  expect(inlineData(descriptor)).toBeUndefined();
  expect(inlineData({ ...descriptor, data: null })).toBeUndefined();
  const empty = { ...descriptor, digest: contentDigest(Buffer.alloc(0)), size: 0, data: "" };
  expect(inlineData(empty)).toEqual(Buffer.alloc(0));
});

test.each([
  ["another size", { data: "e30gIA==" }],
  ["another digest", { data: "e10=" }],
  ["no base64", { data: "e30" }],
  ["base64 of URLs", { data: "_-8=" }],
  ["line breaks", { data: "e3\n0=" }],
])("MANIFEST_INVALID: data with %s", (_what, change) => {
  expect(() => inlineData({ ...descriptor, ...change })).toThrow(expect.objectContaining({ code: "MANIFEST_INVALID" }));
});
