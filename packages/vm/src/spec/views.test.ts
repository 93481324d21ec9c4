import { expect, test } from "vitest";
import { parseVmSpec } from "./parse-vm-spec.ts";
import { planViews } from "./views.ts";

const least = { vcpus: 1, memoryMib: 128, root: { path: "/srv/root" }, init: { path: "/init" } };

test("read-only directories are listed once", () => {
  const shares = ["a", "b"].map((tag) => ({ tag, path: "/srv/root", readOnly: true }));
  expect(planViews(parseVmSpec({ ...least, root: { path: "/srv/root", readOnly: true }, shares })).readOnly).toEqual([
    "/srv/root",
  ]);
  expect(planViews(parseVmSpec(least))).toEqual({ readOnly: [], composed: [], sharePaths: [] });
});

test("the same directory is an entry twice, with different rights, and none of them is protected in its own place", () => {
  const entries = [true, false].map((readOnly, name) => ({ name: String(name), path: "/srv/a", readOnly }));
  const shares = [
    { tag: "a", path: "/srv/b", readOnly: false },
    { tag: "b", entries },
  ];
  expect(planViews(parseVmSpec({ ...least, shares }))).toEqual({
    readOnly: [],
    composed: [entries],
    sharePaths: ["/srv/b", "/../0"],
  });
});
