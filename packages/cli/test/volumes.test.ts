import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createRuntime } from "@a3s/box-runtime";
import { expect, test } from "vitest";
import { homeForEach } from "./command-home.ts";
import { jsonOf } from "./json-output.ts";

const at = homeForEach();
const { a3sBox } = at;

test("volumes are made, listed with their sizes, inspected and removed", async () => {
  expect(await a3sBox("volume", "create", "data", "--label", "team=a")).toMatchObject({ code: 0, stdout: "data\n" });
  await writeFile(join(at.home, "volumes/data/data/file"), Buffer.alloc(2_000_000, 1));
  const [head, row] = (await a3sBox("volume", "ls", "--size")).stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(head).toEqual(["VOLUME", "CREATED", "IN USE", "SIZE"]);
  expect(row).toEqual(["data", expect.stringMatching(/^\d{4}-.*Z$/), "no", expect.stringMatching(/^2(\.\d+)? MB$/)]);
  expect(jsonOf("volume inspect", await a3sBox("volume", "inspect", "data"))).toMatchObject([
    { name: "data", labels: { team: "a" }, path: join(at.home, "volumes/data/data"), entries: 1 },
  ]);
  const [listed] = jsonOf("volume ls", await a3sBox("volume", "ls", "--size", "--json"));
  expect(listed).toMatchObject({ name: "data", inUse: false, diskBytes: expect.any(Number) });
  expect((await a3sBox("volume", "rm", "data")).stdout).toBe("data\n");
  expect((await a3sBox("volume", "ls", "-q")).stdout).toBe("");
});

test("a volume in use stays, and pruning has to be meant", async () => {
  await a3sBox("volume", "create", "idle");
  await using _held = await createRuntime({ home: at.home }).volumes.hold("used");
  expect(await a3sBox("volume", "rm", "used")).toMatchObject({
    code: 1,
    stderr: expect.stringMatching(/\[VOLUME_IN_USE\]\n.*hint: /s),
  });
  expect((await a3sBox("volume", "prune")).code).toBe(125);
  expect((await a3sBox("volume", "prune", "--force")).stdout).toBe("idle\n");
  expect((await a3sBox("volume", "ls", "-q")).stdout).toBe("used\n");
});
