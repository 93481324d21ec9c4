import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import type { Ended } from "./command.ts";
import { emptyImage, homeForEach } from "./command-home.ts";
import { jsonOf } from "./json-output.ts";

const at = homeForEach();
const { a3sBox } = at;
let image: string;
beforeEach(async () => {
  image = await emptyImage(at);
});

const create = (...flags: readonly string[]) => a3sBox("create", ...flags, image, "--", "serve", "--port", "80");

/** The rows of a table, without its head. */
function rowsOf({ stdout }: Ended): string[][] {
  const lines = stdout.trimEnd().split("\n").slice(1);
  return lines.map((line) => line.split(/ {2,}/));
}

test("a box that was made is listed, inspected, renamed and removed", async () => {
  const made = await create("--name", "web", "-it", "-l", "team=a", "--network", "tsi", "-p", "0.0.0.0:8080:80");
  expect(made).toMatchObject({ code: 0, stdout: expect.stringMatching(/^[a-z0-9]{12}\n$/) });
  const id = made.stdout.trim();
  expect(rowsOf(await a3sBox("ps"))).toEqual([]);
  expect(rowsOf(await a3sBox("ps", "-a"))).toEqual([
    [id, image, "serve --port 80", expect.stringMatching(/ago$/), "Created", "0.0.0.0:8080->80/tcp", "web"],
  ]);
  expect(jsonOf("ps", await a3sBox("ps", "-l", "--json"))).toMatchObject([{ id, name: "web", state: "created" }]);
  expect(jsonOf("inspect", await a3sBox("inspect", id.slice(0, 6)))).toMatchObject([
    { name: "web", main: { tty: true, stdin: true }, labels: { team: "a" }, autoRemove: false, generation: 1 },
  ]);
  expect(await a3sBox("rename", "web", "shop")).toMatchObject({ code: 0, stdout: "" });
  expect((await a3sBox("ps", "-aq", "--filter", "name=shop", "--filter", "label=team=a")).stdout).toBe(`${id}\n`);
  expect((await a3sBox("ps", "-aq", "--filter", "name=web")).stdout).toBe("");
  expect(await a3sBox("rm", "web", "shop")).toMatchObject({
    code: 1,
    stdout: "shop\n",
    stderr: expect.stringMatching(/\[BOX_NOT_FOUND\]/),
  });
  expect((await a3sBox("ps", "-aq")).stdout).toBe("");
});

test("a name is had by one box, and boxes without one get words", async () => {
  await create("--name", "web");
  expect(await create("--name", "web")).toMatchObject({
    code: 125,
    stdout: "",
    stderr: expect.stringMatching(/\[BOX_NAME_TAKEN\]/),
  });
  expect(await create("--name", "no name")).toMatchObject({
    code: 125,
    stderr: expect.stringMatching(/BOX_NAME_INVALID/),
  });
  await create();
  const names = jsonOf("ps", await a3sBox("ps", "-a", "--json")).map(({ name }) => name);
  expect(names).toEqual([expect.stringMatching(/^[a-z]+-[a-z]+/), "web"]);
});

test("what needs a box that runs says that it does not", async () => {
  const id = (await create("--name", "web")).stdout.trim();
  await writeFile(join(at.home, "file"), "");
  for (const args of [
    ["exec", "web", "true"],
    ["attach", "web"],
    ["kill", "web"],
    ["wait", "web"],
    ["cp", join(at.home, "file"), "web:/"],
  ]) {
    expect(await a3sBox(...args), args[0]).toMatchObject({
      code: 1,
      stdout: expect.not.stringContaining("web"),
      stderr: expect.stringContaining("[STATE_INVALID]"),
    });
  }
  expect(await a3sBox("stop", "web")).toMatchObject({ code: 0, stdout: "web\n" });
  expect(await a3sBox("logs", "web")).toEqual({ code: 0, stdout: "", stderr: "" });
  expect(await a3sBox("stats", "--no-stream", "--json")).toMatchObject({ code: 0, stdout: "[]\n" });
  expect(jsonOf("stats", await a3sBox("stats", "web", "--json"))).toEqual([{ id, name: "web" }]);
  expect((await a3sBox("stats", "-a")).stdout).toMatch(/web +-- /);
});

test("lines of a log are those of the main process, counted from the end, up to a time, and from where a reader stopped", async () => {
  const id = (await create("--name", "web")).stdout.trim();
  const said = [
    ["stdout", "one"],
    ["console", "kernel"],
    ["stderr", "two"],
    ["stdout", "three"],
    ["console", "panic"],
  ].map(([stream, text], second) => JSON.stringify({ time: `2026-01-01T00:00:0${second}.000Z`, stream, text }));
  await writeFile(join(at.home, "boxes", id, "log.000001"), said.map((line) => `${line}\n`).join(""));
  expect(await a3sBox("logs", "--tail", "2", "web")).toEqual({ code: 0, stdout: "three\n", stderr: "two\n" });
  expect((await a3sBox("logs", "-f", "--until", "2026-01-01T00:00:02Z", "web")).stdout).toBe("one\n");
  const lines = (await a3sBox("logs", "--json", "web")).stdout.trimEnd().split("\n");
  const entries = lines.map((stdout) => jsonOf("logs", { code: 0, stdout, stderr: "" }));
  expect(entries.map(({ text }) => text)).toEqual(["one", "kernel", "two", "three", "panic"]);
  expect((await a3sBox("logs", "--after", entries[2]?.cursor ?? "", "web")).stdout).toBe("three\n");
  expect((await a3sBox("logs", "--after", "there", "web")).code).toBe(125);
});

test("pruning has to be meant, and removes what does not run, or with filters some of it", async () => {
  await create("--name", "one", "-l", "old");
  await create("--name", "two");
  expect((await a3sBox("box", "prune")).code).toBe(125);
  expect(jsonOf("box prune", await a3sBox("box", "prune", "-f", "--filter", "label=old", "--json")).boxes).toHaveLength(
    1,
  );
  await a3sBox("volume", "create", "data");
  expect((await a3sBox("prune")).code).toBe(125);
  const pruned = jsonOf("prune", await a3sBox("prune", "--force", "--volumes", "--json"));
  expect(pruned).toMatchObject({
    boxes: [expect.any(String)],
    volumes: ["data"],
    roots: { removed: [expect.anything()] },
  });
  expect((await a3sBox("ps", "-aq")).stdout).toBe("");
});

test("a box whose record is damaged is shown, keeps nobody from the others, and can be removed", async () => {
  const id = (await create("--name", "web")).stdout.trim();
  await create("--name", "other");
  await writeFile(join(at.home, "boxes", id, "box.json"), "{");
  expect(
    jsonOf("ps", await a3sBox("ps", "-a", "--json"))
      .map(({ state }) => state)
      .sort(),
  ).toEqual(["created", "damaged"]);
  expect(await a3sBox("inspect", id)).toMatchObject({ code: 1, stderr: expect.stringMatching(/\[BOX_DAMAGED\]/) });
  expect((await a3sBox("rm", "-f", id)).stdout).toBe(`${id}\n`);
});

test.each([
  ["a filter that is none", ["ps", "--filter", "colour=red"], "is not a filter"],
  ["a time that is none", ["logs", "--since", "yesterday", "web"], "is not a time"],
  ["a signal that is none", ["kill", "-s", "NOPE", "web"], "is not a signal"],
  ["a copy of neither", ["cp", "a", "b"], "neither is in a box"],
  ["a copy between boxes", ["cp", "one:/a", "two:/b"], "box to box"],
  ["several boxes to attach to", ["start", "-a", "one", "two"], "one box"],
  ["a box that is not there", ["stop", "nobody"], "[BOX_NOT_FOUND]"],
])("%s ends with 1 and says why", async (_, args, text) => {
  const { code, stdout, stderr } = await a3sBox(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(text);
});

test("-it needs a terminal, and makes nothing without one", async () => {
  expect(await a3sBox("run", "-it", image)).toMatchObject({
    code: 125,
    stderr: expect.stringContaining("no terminal"),
  });
  expect((await a3sBox("ps", "-aq")).stdout).toBe("");
  await create("--name", "web", "-it");
  expect(await a3sBox("attach", "web")).toMatchObject({ code: 1, stderr: expect.stringContaining("--no-stdin") });
});
