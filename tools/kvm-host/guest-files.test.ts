import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type GuestPlan, guestFiles, hiddenPaths, ownDirectories, shellWord } from "./guest-files.ts";

const plan: GuestPlan = {
  command: ["printf", "%s|", "it's", "$HOME", ""],
  cwd: "/",
  env: { NAME: "a 'b' \"c\"\n$d" },
  shares: [{ tag: "share0", guestPath: "/out" }],
  visible: ["/tmp/checkout", "/home/user"],
  writable: ["/srv/it's"],
  marker: "end-1",
};

function content(path: string, of = plan): string {
  return String(guestFiles(of).find((entry) => entry.path === path)?.content);
}

test("the command's words reach it unchanged", () => {
  expect(execFileSync("sh", { input: content("run/command.sh"), encoding: "utf8" })).toBe("it's|$HOME||");
});

test("the environment reaches it unchanged", () => {
  const script = content("run/command.sh", { ...plan, command: ["printenv", "NAME"] });
  expect(execFileSync("sh", { input: script, encoding: "utf8" })).toBe(`${plan.env["NAME"]}\n`);
});

test("init hears of every place", () => {
  expect(content("run/places.sh").split("\n")).toEqual([
    "expose '/tmp/checkout'",
    `writable ${shellWord("/srv/it's")}`,
    "share 'share0' '/out'",
    "",
  ]);
});

test("only the outermost path below a hidden directory is exposed", () => {
  expect(hiddenPaths(["/tmp/a/b", "/tmp/a", "/tmp/ab", "/tmp", "/run/x", "/home/tmp/x", "/"])).toEqual([
    "/run/x",
    "/tmp/a",
    "/tmp/ab",
  ]);
});

test("init.sh leaves out the same directories", () => {
  const init = readFileSync(new URL("init.sh", import.meta.url), "utf8");
  const skipped = /case \$name in (.*)\) continue/.exec(init)?.[1]?.split(" | ");
  expect(skipped).toEqual([...ownDirectories, "lost+found"]);
});

test("what a run passes in is readable by root only", () => {
  for (const entry of guestFiles(plan).filter((each) => each.content !== undefined)) expect(entry.mode).toBe(0o600);
});
