import { expect, test } from "vitest";
import { buildProgram } from "../program/program.ts";
import { planCompletion } from "./completion-plan.ts";

const program = buildProgram({ exit: () => {}, failWith: () => {} });

function plan(line: string) {
  const { candidates, ...rest } = planCompletion(program, line.split(" "));
  return { values: candidates.map(({ value }) => value), names: undefined, ...rest };
}

test("commands complete by name, hidden ones not, groups with what is in them", () => {
  expect(plan("").values).toEqual(expect.arrayContaining(["run", "images", "volume", "completion", "help"]));
  expect(plan("").values).not.toContain("__complete");
  expect(plan("volume ").values).toEqual(["create", "ls", "inspect", "rm", "prune", "help"]);
  expect(planCompletion(program, ["vol"]).candidates.find(({ value }) => value === "volume")?.description).toContain(
    "directories",
  );
});

test("flags complete where options may stand", () => {
  expect(plan("pull -").values).toEqual(expect.arrayContaining(["--platform", "--quiet", "--json", "--help"]));
  expect(plan("run --e").values).toEqual(expect.arrayContaining(["--env", "--env-file"]));
  expect(plan("rmi -- -").values).toEqual([]);
});

test.each([
  ["run ", { names: "image", files: false, word: "" }],
  ["run --read-only -e A=1 --cpus 2 alp", { names: "image", word: "alp" }],
  ["run -it ", { names: "image" }],
  ["run -eA=1 ", { names: "image" }],
  ["rmi one tw", { names: "image", word: "tw" }],
  ["tag a ", { names: undefined, files: false }],
  ["stop one tw", { names: "box", word: "tw", files: false }],
  ["exec -it we", { names: "box", word: "we" }],
  ["exec web l", { names: undefined, files: false }],
  ["cp we", { names: "box", nameSuffix: ":", files: true }],
  ["cp web:/a ", { names: "box", nameSuffix: ":", files: true }],
  ["volume rm data ", { names: "volume", files: false }],
  ["network inspect ap", { names: "network", files: false }],
  ["run --network=ap", { names: "network-or-kind", prefix: "--network=", word: "ap" }],
  ["run -v da", { names: "volume", nameSuffix: ":", files: true }],
  ["run -itv da", { names: "volume" }],
  ["run --volume=da", { names: "volume", prefix: "--volume=", word: "da" }],
  ["save -o ", { files: true, names: undefined }],
  ["load --input=./i", { files: true, prefix: "--input=", word: "./i" }],
  ["run --env-file ", { files: true, names: undefined }],
  ["run -e ", { files: false, names: undefined, values: [] }],
  ["completion ", { values: ["bash", "zsh", "fish"] }],
  ["save --format=o", { values: ["docker-archive", "oci-archive", "oci"], prefix: "--format=" }],
])("%j", (line, expected) => {
  expect(plan(line)).toMatchObject(expected);
});

test("what follows the image of a run is the command's own", () => {
  for (const line of ["run alpine ", "run alpine ls -", "run alpine -- "]) {
    expect(plan(line)).toMatchObject({ values: [], files: false });
  }
});

test("nothing breaks on what is no command line", () => {
  for (const line of ["nonsense ", "run --nonsense ", "volume nonsense ", "info a b c ", "-", "--", "tag a b c "]) {
    expect(() => plan(line)).not.toThrow();
  }
});
