import { expect, test } from "vitest";
import { DEFAULT_EXEC_ENV, type ExecOptions, planExecStart } from "./exec-options.ts";

test("what is left out gets its default", () => {
  expect(planExecStart(["true"], {})).toEqual({
    argv: ["true"],
    env: [{ name: "PATH", value: DEFAULT_EXEC_ENV["PATH"] }],
    cwd: "",
    user: "",
    openStdin: false,
  });
});

test("what is given is sent as it is", () => {
  expect(planExecStart(["a", "", "ü\n"], { env: { E: "" }, cwd: "/w", user: "u:g", stdin: "" })).toEqual({
    argv: ["a", "", "ü\n"],
    env: [{ name: "E", value: "" }],
    cwd: "/w",
    user: "u:g",
    openStdin: true,
  });
});

test.each<[string, readonly string[], ExecOptions, string]>([
  ["no command", [], {}, "EXEC_INVALID"],
  ["an empty command", [""], {}, "EXEC_INVALID"],
  ["a NUL byte in an argument", ["echo", "a\0b"], {}, "EXEC_INVALID"],
  ["half a surrogate pair", ["echo", "\ud800"], {}, "EXEC_INVALID"],
  ["an empty name of a variable", ["x"], { env: { "": "1" } }, "EXEC_INVALID"],
  ["= in a name", ["x"], { env: { "A=B": "1" } }, "EXEC_INVALID"],
  ["a NUL byte in a value", ["x"], { env: { A: "\0" } }, "EXEC_INVALID"],
  ["a NUL byte in the user", ["x"], { user: "\0" }, "EXEC_INVALID"],
  ["a negative buffer", ["x"], { maxBufferBytes: -1 }, "EXEC_INVALID"],
  ["a buffer of no size", ["x"], { maxBufferBytes: Number.NaN }, "EXEC_INVALID"],
  ["a relative directory", ["x"], { cwd: "w" }, "EXEC_CWD_INVALID"],
])("%s is refused", (_name, argv, options, code) => {
  expect(() => planExecStart(argv, options)).toThrow(expect.objectContaining({ code }));
});
