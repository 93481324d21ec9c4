import { expect, test } from "vitest";
import { DEFAULT_EXEC_ENV, type ExecOptions, planExecStart } from "./exec-options.ts";

test("what is left out gets its default", () => {
  expect(planExecStart(["true"], {})).toEqual({
    argv: ["true"],
    env: [{ name: "PATH", value: DEFAULT_EXEC_ENV["PATH"] }],
    cwd: "",
    user: "",
    openStdin: false,
    detach: false,
    newPrivileges: false,
    seccompUnconfined: false,
    limits: [],
  });
});

test("a string is a line for the shell", () => {
  expect(planExecStart("a | b", {}).argv).toEqual(["/bin/sh", "-c", "a | b"]);
});

test("a terminal has a size, an open stdin and a TERM", () => {
  expect(planExecStart(["sh"], { tty: true, env: {} })).toMatchObject({
    terminal: { columns: 80, rows: 24 },
    openStdin: true,
    env: [{ name: "TERM", value: "xterm-256color" }],
  });
  expect(planExecStart(["sh"], { tty: { columns: 1, rows: 65535 }, env: { TERM: "dumb" } })).toMatchObject({
    terminal: { columns: 1, rows: 65535 },
    env: [{ name: "TERM", value: "dumb" }],
  });
  expect(planExecStart(["sh"], { tty: false })).not.toHaveProperty("terminal");
});

test("rights and limits are sent", () => {
  const options: ExecOptions = {
    capabilities: { add: ["NET_ADMIN"] },
    newPrivileges: true,
    seccomp: "unconfined",
    rlimits: { nofile: 9 },
  };
  expect(planExecStart(["x"], options)).toMatchObject({
    capabilities: { add: ["NET_ADMIN"], drop: [] },
    newPrivileges: true,
    seccompUnconfined: true,
    limits: [{ name: "nofile", soft: 9n, hard: 9n }],
  });
  expect(planExecStart(["x"], { rlimits: { core: { soft: 0, hard: Number.POSITIVE_INFINITY } } }).limits).toEqual([
    { name: "core", soft: 0n, hard: 2n ** 64n - 1n },
  ]);
});

test("a stop signal is sent by its number", () => {
  expect(planExecStart(["x"], { stopSignal: "SIGQUIT" }).stopSignal).toBe(3);
  expect(planExecStart(["x"], { stopSignal: 37 }).stopSignal).toBe(37);
  expect(() => planExecStart(["x"], { stopSignal: 65 })).toThrow(expect.objectContaining({ code: "EXEC_INVALID" }));
});

test("times are sent as durations", () => {
  expect(planExecStart(["sh"], { timeoutMs: 1500, killGraceMs: 0 })).toMatchObject({
    timeout: { seconds: 1n, nanos: 500_000_000 },
    killGrace: { seconds: 0n, nanos: 0 },
  });
});

test("what is given is sent as it is", () => {
  expect(planExecStart(["a", "", "ü\n"], { env: { E: "" }, cwd: "/w", user: "u:g", stdin: "" })).toEqual({
    argv: ["a", "", "ü\n"],
    env: [{ name: "E", value: "" }],
    cwd: "/w",
    user: "u:g",
    openStdin: true,
    detach: false,
    newPrivileges: false,
    seccompUnconfined: false,
    limits: [],
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
  ["a terminal of no size", ["x"], { tty: { columns: 0, rows: 24 } }, "EXEC_INVALID"],
  ["a terminal of half a line", ["x"], { tty: { columns: 80, rows: 24.5 } }, "EXEC_INVALID"],
  ["a terminal that is too wide", ["x"], { tty: { columns: 65_536, rows: 24 } }, "EXEC_INVALID"],
  ["a limit that is no whole number", ["x"], { rlimits: { nofile: 1.5 } }, "EXEC_INVALID"],
  ["a limit below none", ["x"], { rlimits: { nofile: { soft: 0, hard: -1 } } }, "EXEC_INVALID"],
  ["a capability with a NUL byte", ["x"], { capabilities: { drop: ["\0"] } }, "EXEC_INVALID"],
  ["a profile that there is not", ["x"], { seccomp: "runtime/default" as "default" }, "EXEC_INVALID"],
  ["a time limit before now", ["x"], { timeoutMs: -1 }, "EXEC_INVALID"],
  ["a time limit that no timer takes", ["x"], { timeoutMs: 2 ** 31 }, "EXEC_INVALID"],
  ["a grace that is no number", ["x"], { killGraceMs: Number.NaN }, "EXEC_INVALID"],
  ["a relative directory", ["x"], { cwd: "w" }, "EXEC_CWD_INVALID"],
])("%s is refused", (_name, argv, options, code) => {
  expect(() => planExecStart(argv, options)).toThrow(expect.objectContaining({ code }));
});
