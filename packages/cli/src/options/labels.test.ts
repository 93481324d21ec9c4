import { expect, test } from "vitest";
import { parseLabels } from "./labels.ts";

test("labels are name=value, or a name alone", () => {
  expect(parseLabels(["a=1", "b", "c=", "d=x=y"])).toEqual({ a: "1", b: "", c: "", d: "x=y" });
});

test.each(["", "=1"])("%j is refused", (text) => {
  expect(() => parseLabels([text])).toThrow("is not name=value");
});
