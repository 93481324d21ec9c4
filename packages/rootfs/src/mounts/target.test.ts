import fc from "fast-check";
import { expect, test } from "vitest";
import { orderTargets, parseTarget } from "./target.ts";

test.each([
  ["/data", "/data"],
  ["/data/", "/data"],
  ["//a///b/./c", "/a/b/c"],
  ["/with:colon,comma and space/ä", "/with:colon,comma and space/ä"],
  ["/dev/shm", "/dev/shm"],
  ["/dev/shm/x", "/dev/shm/x"],
  ["/developer", "/developer"],
  ["/process/..x", "/process/..x"],
])("%j is mounted on as %j", (input, expected) => {
  expect(parseTarget(input)).toBe(expected);
});

test.each([
  "",
  "data",
  "./data",
  "/",
  "//",
  "/.",
  "/a/../b",
  "/..",
  "/a\0b",
  "/proc",
  "/proc/1",
  "/sys/",
  "/dev",
  "/dev/shmx",
])("MOUNT_INVALID: %j", (input) => {
  expect(() => parseTarget(input)).toThrow(
    expect.objectContaining({ code: "MOUNT_INVALID", details: { target: input } }),
  );
});

test("what lies beneath another target comes after it; the rest keeps its order", () => {
  const targets = ["/a/b/c", "/z", "/a", "/b", "/a/b"].map((target) => ({ target }));
  expect(orderTargets(targets).map(({ target }) => target)).toEqual(["/z", "/a", "/b", "/a/b", "/a/b/c"]);
});

test("no target is mounted on twice", () => {
  expect(() => orderTargets([{ target: "/a" }, { target: "/a" }])).toThrow(
    expect.objectContaining({ code: "MOUNT_INVALID" }),
  );
});

test("in any order, no mount covers one that was made before it", () => {
  const name = fc.constantFrom("a", "b", "ab", "c");
  const target = fc.array(name, { minLength: 1, maxLength: 4 }).map((names) => `/${names.join("/")}`);
  fc.assert(
    fc.property(fc.uniqueArray(target, { maxLength: 12 }), (targets) => {
      const ordered = orderTargets(targets.map((target) => ({ target }))).map(({ target }) => target);
      expect(ordered.toSorted()).toEqual(targets.toSorted());
      for (const [position, later] of ordered.entries()) {
        for (const earlier of ordered.slice(0, position)) expect(earlier.startsWith(`${later}/`)).toBe(false);
      }
    }),
  );
});
