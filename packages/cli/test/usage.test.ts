import { tmpdir } from "node:os";
import { expect, test } from "vitest";
import { a3sBoxInTerminal, commandWith, ended, program } from "./command.ts";

const a3sBox = commandWith(tmpdir());

test.each([
  ["a flag that does not exist", ["run", "--hepl"], 125, "(Did you mean --help?)"],
  ["a flag that is nearly one", ["pull", "--platfrom", "linux/arm64", "a"], 125, "(Did you mean --platform?)"],
  ["a flag without its value", ["run", "--memory"], 125, "argument missing"],
  ["a value that is none", ["run", "-m", "much", "alpine"], 125, "512m or 2g"],
  ["a limit that is none", ["run", "--ulimit", "files=1", "alpine"], 125, "is not one of cpu"],
  ["a security option that is none", ["run", "--security-opt", "apparmor=x", "alpine"], 125, "is none of"],
  ["an environment file that is missing", ["run", "--env-file", "/no/file", "alpine"], 125, "cannot be read"],
  ["a flag that has to be given", ["volume", "prune"], 125, "--force"],
  ["a command that does not exist", ["volum"], 1, "(Did you mean volume?)"],
  ["a command of a group that does not exist", ["volume", "lst"], 1, "(Did you mean ls?)"],
  ["an argument too few", ["run"], 1, "missing required argument 'image'"],
  ["an argument too many", ["tag", "a", "b", "c"], 1, "too many arguments"],
  ["a group without a command", ["volume"], 1, "Commands:"],
  ["a shell that is not known", ["completion", "tcsh"], 125, "bash, zsh, fish"],
])("%s ends as with docker, and says what is meant", async (_, args, code, text) => {
  const result = await a3sBox(...args);
  expect(result).toMatchObject({ code, stdout: "" });
  expect(result.stderr).toContain(text);
});

test("help and version are on standard output, and no failure", async () => {
  for (const args of [["--help"], ["help"], ["run", "--help"], ["volume", "rm", "--help"], ["--version"]]) {
    expect(await a3sBox(...args)).toMatchObject({ code: 0, stdout: expect.stringMatching(/\S/), stderr: "" });
  }
  expect((await a3sBox("run", "--help")).stdout).toContain("Examples:\n  a3s-box run ");
});

test("help has titles in bold on a terminal, and none with NO_COLOR", async () => {
  const bold = "\x1b[1m";
  expect((await a3sBoxInTerminal(tmpdir(), ["--help"])).screen).toContain(`${bold}Usage:`);
  const plain = await ended("env", ["NO_COLOR=1", process.execPath, program, "--help"], {});
  expect(plain.stdout).not.toContain(bold);
});
