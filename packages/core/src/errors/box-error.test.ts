import { expect, test } from "vitest";
import { BoxError } from "./box-error.ts";

class FirstError extends BoxError<"A" | "B"> {
  static override readonly errorName: string = "FirstError";
}
class SecondError extends BoxError<"C"> {
  static override readonly errorName: string = "SecondError";
}

test("an error is an instance of its own class and of its bases only", () => {
  const error = new FirstError({ code: "A", message: "it broke" });
  expect(error instanceof FirstError).toBe(true);
  expect(error instanceof BoxError).toBe(true);
  expect(error instanceof Error).toBe(true);
  expect(error instanceof SecondError).toBe(false);
  expect(new BoxError({ code: "X", message: "" }) instanceof FirstError).toBe(false);
});

test("a copy of the class recognises an instance of the other copy", () => {
  class Copy extends BoxError<"A"> {
    static override readonly errorName: string = "FirstError";
  }
  expect(new FirstError({ code: "A", message: "it broke" }) instanceof Copy).toBe(true);
});

test("instanceof answers false for values that are no errors", () => {
  for (const value of [undefined, null, 1, "text", {}, new Error("plain")])
    expect(value instanceof BoxError).toBe(false);
});

test("an error carries its code, hint, cause and details, and JSON without the stack", () => {
  const cause = new Error("below");
  const error = new FirstError({ code: "B", message: "m", hint: "h", cause, details: { path: "/x" } });
  expect(error.cause).toBe(cause);
  expect(JSON.parse(JSON.stringify(error))).toEqual({
    name: "FirstError",
    code: "B",
    message: "m",
    hint: "h",
    details: { path: "/x" },
  });
});
