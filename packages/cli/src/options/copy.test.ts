import { expect, test } from "vitest";
import { parseCopyEnd, planCopy } from "./copy.ts";

test.each([
  ["-", { kind: "stream" }],
  ["file", { kind: "host", path: "file" }],
  ["/a:b", { kind: "host", path: "/a:b" }],
  ["./a:b", { kind: "host", path: "./a:b" }],
  ["../a:b", { kind: "host", path: "../a:b" }],
  ["web:/etc/hosts", { kind: "box", box: "web", path: "/etc/hosts" }],
  ["web:etc/hosts", { kind: "box", box: "web", path: "/etc/hosts" }],
  ["web:/a:b", { kind: "box", box: "web", path: "/a:b" }],
  ["web:/dir/.", { kind: "box", box: "web", path: "/dir/." }],
])("%s", (text, end) => {
  expect(parseCopyEnd(text)).toEqual(end);
});

test.each(["", ":/a", "web:"])("%j is refused", (text) => {
  expect(() => parseCopyEnd(text)).toThrow();
});

test("one end is in a box, and only one", () => {
  expect(planCopy("web:/a", "b")).toMatchObject({ direction: "out", from: { box: "web" }, to: { path: "b" } });
  expect(planCopy("-", "web:/a")).toMatchObject({ direction: "in", from: { kind: "stream" }, to: { path: "/a" } });
  expect(() => planCopy("a", "b")).toThrow("neither is in a box");
  expect(() => planCopy("-", "-")).toThrow("neither is in a box");
  expect(() => planCopy("one:/a", "two:/b")).toThrow("box to box");
});
