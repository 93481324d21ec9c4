import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { startTestRegistry, testImage, testLayer } from "@a3s/testing";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { commandWith, inTerminal, program } from "./command.ts";

/** How each shell is started without anybody's configuration, and told about the completion. */
const SHELLS = {
  bash: { command: ["bash", "--norc", "--noprofile", "-i"], setUp: "source <(a3s-box completion bash)" },
  zsh: {
    command: ["zsh", "-f", "-i"],
    setUp: "unsetopt beep; autoload -Uz compinit && compinit -u -D && source <(a3s-box completion zsh)",
  },
  fish: { command: ["fish", "--no-config", "--interactive"], setUp: "a3s-box completion fish | source" },
} as const;

let home: string;
let a3sBox: ReturnType<typeof commandWith>;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-cli-"));
  a3sBox = commandWith(home);
  const image = testImage({ layers: [testLayer([{ type: "file", path: "a", content: "a" }])] });
  await using registry = await startTestRegistry({ repositories: { "team/app": { one: image } } });
  await a3sBox("pull", "-q", `${registry.host}/team/app:one`);
  await a3sBox("tag", `${registry.host}/team/app:one`, "example.com:5000/team/app:one");
  await a3sBox("tag", `${registry.host}/team/app:one`, "alpine:3.22");
  await a3sBox("create", "--name", "web-one", "alpine:3.22", "serve");
  for (const name of ["data-one", "other"]) await a3sBox("volume", "create", name);
  await a3sBox("network", "create", "apps-one");
  // Asks are answered by the command itself; any other call says what the shell made of the keys.
  await mkdir(join(home, "bin"));
  const record = `#!/bin/sh
case "$1 $2" in "__complete "*|"completion bash"|"completion zsh"|"completion fish") exec '${process.execPath}' '${program}' "$@" ;; esac
echo >> "$HOME/calls-of-$PPID"
printf 'call %s: ' "$(wc -l < "$HOME/calls-of-$PPID")"
printf '[%s]' "$@"
echo
`;
  await writeFile(join(home, "bin/a3s-box"), record, { mode: 0o755 });
  await mkdir(join(home, "work"));
  await writeFile(join(home, "work/archive.tar"), "");
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** What is typed, and the call that the shell makes of it. */
const lines = [
  ["a3s-box vol\tinsp\tdat\t", "[volume][inspect][data-one]"],
  ["a3s-box network rm \tap\t", "[network][rm][apps-one]"],
  ["a3s-box rmi exam\t", "[rmi][example.com:5000/team/app:one]"],
  ["a3s-box rmi example.com:5000/te\t", "[rmi][example.com:5000/team/app:one]"],
  ["a3s-box run --read-o\talp\t", "[run][--read-only][alpine:3.22]"],
  ["a3s-box load -i arch\t", "[load][-i][archive.tar]"],
  ["a3s-box run -v oth\t/mnt x", "[run][-v][other:/mnt][x]"],
  ["a3s-box inspect we\t", "[inspect][web-one]"],
  ["a3s-box cp arch\t we\t/srv", "[cp][archive.tar][web-one:/srv]"],
  ["a3s-box completion --h\t", "[completion][--help]"],
] as const;

describe.each(Object.entries(SHELLS))("%s", (_, { command, setUp }) => {
  test("completes commands, flags, names and paths at the Tab key, and evaluates nothing for it", async () => {
    const env = {
      A3S_HOME: home,
      HOME: join(home, "work"),
      PATH: `${join(home, "bin")}:${process.env["PATH"]}`,
    };
    // Each line is typed when the one before has been carried out. The last is never entered: Ctrl-U takes it back.
    const keys = [...lines.map(([line]) => `${line}\n`), "a3s-box rmi $(touch pwned) exam\t\x15exit\n"];
    const said = ["is ready", ...lines.map(([, call], index) => `call ${index + 1}: ${call}`)];
    const answers = Object.fromEntries(said.map((text, index) => [text, keys[index] ?? ""]));
    const { screen } = await inTerminal([...command], {
      env,
      cwd: join(home, "work"),
      // The first thing on the screen is the terminal's name.
      answers: { ...answers, ">": `${setUp}; echo is'' ready\n` },
    });
    for (const text of said) expect(screen).toContain(text);
    expect(existsSync(join(home, "work/pwned"))).toBe(false);
  });
});

test("a store that is damaged completes no names, and says nothing about it", async () => {
  const damaged = await mkdtemp(join(tmpdir(), "a3s-cli-"));
  await mkdir(join(damaged, "images"));
  await writeFile(join(damaged, "images/index.json"), "{");
  expect(await commandWith(damaged)("__complete", "--", "rmi", "")).toEqual({ code: 0, stdout: "", stderr: "" });
  await rm(damaged, { recursive: true, force: true });
});
