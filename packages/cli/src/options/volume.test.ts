import { expect, test } from "vitest";
import { parseVolume } from "./volume.ts";

test.each([
  ["/a:/b", { source: "/a", target: "/b", readOnly: false }],
  ["/a:/b:ro", { source: "/a", target: "/b", readOnly: true }],
  ["a/../c:/b:rw", { source: "/here/c", target: "/b", readOnly: false }],
  ["data:/b", { source: "data", target: "/b", readOnly: false }],
  ["./data:/b", { source: "/here/data", target: "/b", readOnly: false }],
  [".:/work", { source: "/here", target: "/work", readOnly: false }],
])("%s", (text, volume) => {
  expect(parseVolume(text, "/here")).toEqual(volume);
});

test.each(["", "/a", "/a:b", ":/b", "/a:/b:no", "/a:/b:ro:x"])("%j is refused", (text) => {
  expect(() => parseVolume(text, "/here")).toThrow("source:target");
});
