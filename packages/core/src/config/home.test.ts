import { expect, test } from "vitest";
import { homeLayout } from "./home.ts";

test("A3S_HOME wins over the default, the option over both", () => {
  expect(homeLayout(undefined, { A3S_HOME: "/srv/a3s" }).images).toBe("/srv/a3s/images");
  expect(homeLayout("/opt/a3s", { A3S_HOME: "/srv/a3s" }).run).toBe("/opt/a3s/run");
  expect(homeLayout(undefined, {}).home).toMatch(/\/\.a3s$/);
});

test("a relative home is refused", () => {
  expect(() => homeLayout(undefined, { A3S_HOME: "a3s" })).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});
