import { expect, test } from "vitest";
import { parseTmpfs } from "./tmpfs.ts";

test.each([
  ["/run", { target: "/run" }],
  ["/run:size=64m", { target: "/run", sizeMib: 64 }],
  ["/run:size=2g,mode=700", { target: "/run", sizeMib: 2048, mode: 0o700 }],
  ["/run:mode=1777,size=1048577", { target: "/run", sizeMib: 2, mode: 0o1777 }],
  ["/run:size=1k", { target: "/run", sizeMib: 1 }],
])("%s", (text, tmpfs) => {
  expect(parseTmpfs(text)).toEqual(tmpfs);
});

test.each(["", "run", "/run:", "/run:size=", "/run:size=1t", "/run:mode=9", "/run:noexec", "/run:size=1m:x"])(
  "%j is refused",
  (text) => {
    expect(() => parseTmpfs(text)).toThrow("is not target");
  },
);
