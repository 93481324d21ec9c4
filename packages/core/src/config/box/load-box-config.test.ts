import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseBoxConfig } from "./box-config.ts";
import { loadBoxConfig } from "./load-box-config.ts";

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-config-"));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

async function load(name: string, content: string | Uint8Array) {
  const path = join(directory, name);
  await writeFile(path, content);
  return await loadBoxConfig(path);
}

test("YAML and JSON say the same", async () => {
  const expected = parseBoxConfig({
    image: "alpine",
    env: { A: "1" },
    network: "tsi",
    ports: ["8080:80"],
    restart: "no",
  });
  const yaml = 'image: alpine\nenv: &env\n  A: "1"\nnetwork: tsi\nports:\n  - 8080:80\nrestart: no\n';
  expect(await load("box.yaml", yaml)).toEqual(expected);
  const json =
    '{\n\t"image": "alpine",\n\t"env": { "A": "1" },\n\t"network": "tsi", "ports": ["8080:80"], "restart": "no"\n}';
  expect(await load("box.json", json)).toEqual(expected);
  expect(await load("box.yml", json.replaceAll("\t", "  "))).toEqual(expected);
});

test.each<[what: string, file: string, content: string, fault: string]>([
  [
    "an unknown field",
    "a.yaml",
    "image: a\n\nmemory: 1\n",
    "memory: is unknown; did you mean memoryMib? (line 3, column 1)",
  ],
  [
    "a wrong value",
    "a.yaml",
    "image: a\nlimits: { cpus: no }\n",
    'limits.cpus: Invalid type: Expected number but received "no" (line 2, column 11)',
  ],
  ["an entry of a list", "a.yaml", "image: a\ncommand:\n  - sh\n  - 7\n", "(line 4, column 5)"],
  [
    "what is missing within something",
    "a.yaml",
    "image: a\nvolumes:\n  - source: x\n",
    "volumes.0.target: is missing (line 3, column 5)",
  ],
  ["what is missing altogether", "a.yaml", "vcpus: 1\n", "image: is missing (line 1, column 1)"],
  [
    "behind an alias",
    "a.yaml",
    "image: a\ndns: &x { servers: [] }\nlogs: *x\n",
    "logs.servers: is unknown (line 2, column 11)",
  ],
  [
    "a wrong value of JSON",
    "a.json",
    '{\n\t"image": "a",\n\t"vcpus": 99\n}',
    "vcpus: must be at most 16 (line 3, column 2)",
  ],
  ["a field that is there twice", "a.yaml", "image: a\nimage: b\n", "(line 2, column 1)"],
  ["a field that is there twice in JSON", "a.json", '{ "image": "a",\n"image": "b" }', "(line 2, column 1)"],
  ["what is no YAML", "a.yaml", "image: a\n  vcpus: [\n", "a.yaml is not YAML"],
  ["what is no JSON", "a.json", '{\n  "image": "a",\n  vcpus: 1\n}', "(line 3, column 3)"],
  ["JSON that ends too early", "a.json", '{\n  "image": "a"', "(line 2, column 15)"],
  ["a tag of its own", "a.yaml", "image: !secret a\n", "(line 1, column 8)"],
  ["two documents", "a.yaml", "image: a\n---\nimage: b\n", "a.yaml is not YAML"],
  ["an alias without an anchor", "a.yaml", "image: *a\n", "a.yaml is not YAML"],
  ["nothing", "a.yaml", "", "(itself): must be an object"],
  [
    "a field of the prototype",
    "a.yaml",
    "image: a\n__proto__: { vcpus: 1 }\n",
    "__proto__: is unknown (line 2, column 1)",
  ],
])("%s is refused, with its place", async (_, file, content, fault) => {
  await expect(load(file, content)).rejects.toMatchObject({
    code: "CONFIG_INVALID",
    message: expect.stringContaining(fault),
  });
});

test("aliases that multiply end before they fill the memory", async () => {
  const levels = Array.from(
    { length: 12 },
    (_, level) =>
      `l${level}: &l${level} [${Array(9)
        .fill(level ? `*l${level - 1}` : "x")
        .join(", ")}]`,
  );
  await expect(load("bomb.yaml", levels.join("\n"))).rejects.toMatchObject({ code: "CONFIG_INVALID" });
});

test.each<[what: string, name: string, content: Uint8Array | undefined]>([
  ["a file that is missing", "missing.yaml", undefined],
  ["a file that is too large", "large.yaml", new Uint8Array(1024 * 1024 + 1).fill(0x20)],
  ["a file that is no UTF-8", "latin1.yaml", Uint8Array.of(0x69, 0xff)],
])("%s is unreadable", async (_, name, content) => {
  if (content !== undefined) await writeFile(join(directory, name), content);
  await expect(loadBoxConfig(join(directory, name))).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
});

test("a FIFO is not waited for, nor a directory read", async () => {
  const fifo = join(directory, "fifo.yaml");
  execFileSync("mkfifo", [fifo]);
  for (const path of [fifo, directory]) {
    await expect(loadBoxConfig(path)).rejects.toMatchObject({ code: "CONFIG_UNREADABLE" });
  }
});

test("an aborted load rejects with the reason", async () => {
  const reason = new Error("enough");
  await expect(loadBoxConfig("/x.yaml", { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
