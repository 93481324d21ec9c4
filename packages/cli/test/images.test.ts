import { execFileSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { stripVTControlCharacters } from "node:util";
import { startTestRegistry, type TestRegistry, testImage, testLayer } from "@a3s/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { a3sBoxInTerminal } from "./command.ts";
import { homeForEach } from "./command-home.ts";
import { jsonOf } from "./json-output.ts";

const image = testImage({
  layers: ["one", "two"].map((content) =>
    testLayer([{ type: "file", path: content, content: content.repeat(100_000) }], { compression: "none" }),
  ),
});
const { digest } = image.descriptor;
let registry: TestRegistry;
let name: string;
beforeAll(async () => {
  registry = await startTestRegistry({ repositories: { "team/app": { one: image } } });
  name = `${registry.host}/team/app:one`;
});
afterAll(() => registry[Symbol.asyncDispose]());
const at = homeForEach();
const { a3sBox } = at;

test("pull prints name and digest, and a plain line for each layer where there is no terminal", async () => {
  const { code, stdout, stderr } = await a3sBox("pull", name);
  expect({ code, stdout }).toEqual({ code: 0, stdout: `${name} ${digest}\n` });
  expect(stderr).toMatch(/^([0-9a-f]{12} {2}done {5}302 kB\n){2}$/);
  const again = await a3sBox("pull", "--quiet", "--json", name);
  expect(jsonOf("pull", again)).toMatchObject({ reference: name, rootDigest: digest, manifestDigest: digest });
  expect(again.stderr).toBe("");
});

test("in a terminal, bars move while layers come in, and each layer ends as one line", async () => {
  const { code, screen } = await a3sBoxInTerminal(at.home, ["pull", name]);
  expect(code).toBe(0);
  const text = stripVTControlCharacters(screen);
  expect(text).toMatch(/[0-9a-f]{12} {2}moving {3}\[=* *\] {2}[\d.]+ k?B of [\d.]+ kB/);
  for (const layer of image.layers) expect(text).toContain(`${layer.digest.slice(7, 19)}  done     302 kB`);
  expect(screen).toContain(`${name} ${digest}`);
});

test("images are listed for people and for programs, named, inspected and forgotten", async () => {
  await a3sBox("pull", "-q", name);
  expect((await a3sBox("tag", name, "mine:1")).code).toBe(0);
  const { stdout } = await a3sBox("images");
  const [head, first, second] = stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(head).toEqual(["IMAGE", "DIGEST", "SIZE", "OF ITS OWN"]);
  expect([first?.[0], second?.[0]]).toEqual([name, "docker.io/library/mine:1"]);
  expect(first?.[1]).toBe(digest.slice(7, 19));
  expect((await a3sBox("images", "-q")).stdout).toBe(`${name}\ndocker.io/library/mine:1\n`);
  expect(jsonOf("images", await a3sBox("images", "--json"))[1]).toMatchObject({ digest, uniqueBytes: 0 });
  expect(jsonOf("image inspect", await a3sBox("image", "inspect", "mine:1"))).toMatchObject([
    { descriptor: { digest } },
  ]);
  await a3sBox("tag", name, "mine:2");
  expect(await a3sBox("rmi", "mine:1", "mine:1", "mine:2")).toMatchObject({
    code: 1,
    stdout: "mine:1\nmine:2\n",
    stderr: expect.stringContaining("[IMAGE_NOT_FOUND]"),
  });
  expect((await a3sBox("image", "prune")).stdout).toMatch(`${name}\n1 images and 0 root directories freed`);
  expect((await a3sBox("images")).stdout).toBe("IMAGE  DIGEST  SIZE  OF ITS OWN\n");
});

test("save and load move images through a file and through a pipe, and push copies them", async () => {
  await a3sBox("pull", "-q", name);
  const file = join(at.home, "images.tar");
  expect(await a3sBox("save", "-q", "-o", file, name)).toMatchObject({
    code: 0,
    stdout: expect.stringContaining(name),
  });
  expect(execFileSync("tar", ["-tf", file], { encoding: "utf8" })).toContain("manifest.json");
  await a3sBox("rmi", name);
  const loaded = jsonOf("load", await a3sBox("load", "-q", "--json", "-i", file));
  expect(loaded.map(({ reference }) => reference)).toEqual([name]);
  const target = `${registry.host}/copies/app:two`;
  expect((await a3sBox("push", "-q", name, target)).stdout).toMatch(new RegExp(`^${target} sha256:[0-9a-f]{64}\n$`));
  expect(jsonOf("push", await a3sBox("push", "-q", "--json", name, target)).reference).toBe(target);

  const layout = join(at.home, "layout");
  expect((await a3sBox("save", "--format", "oci", "-o", layout, name)).code).toBe(0);
  expect(JSON.parse(await readFile(join(layout, "index.json"), "utf8")).manifests).toHaveLength(1);
  expect(await a3sBox("save", "--format", "zip", "-o", file, name)).toMatchObject({
    code: 125,
    stderr: expect.stringContaining("docker-archive, oci-archive, oci"),
  });
  expect(jsonOf("image prune", await a3sBox("image", "prune", "--json")).images.removedReferences).toHaveLength(1);
});

test("info says where everything is and what it takes", async () => {
  await a3sBox("pull", "-q", name);
  await a3sBox("volume", "create", "data");
  expect(jsonOf("info", await a3sBox("info", "--json"))).toMatchObject({
    home: at.home,
    images: { names: 1, bytes: expect.any(Number) },
    rootfs: { roots: 0, diskBytes: 0 },
    volumes: { volumes: 1, inUse: 0 },
  });
  expect((await a3sBox("info")).stdout).toContain(`home: ${at.home}\n`);
});

test.each([
  ["a missing image", ["rmi", "no/such:image"], "IMAGE_NOT_FOUND"],
  ["a name that is none", ["pull", "no tag"], "REFERENCE_INVALID"],
  ["an archive that is none", ["load", "-i", "/etc/passwd"], "ARCHIVE_INVALID"],
  ["a platform that is none", ["pull", "--platform", "linux", "a"], "is not os/arch"],
])("%s ends with 1 and says why", async (_, args, text) => {
  const { code, stdout, stderr } = await a3sBox(...args);
  expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
  expect(stderr).toContain(text);
});
