import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { startRealAgent } from "./real-agent.ts";
import { scratchDirectory } from "./scratch.ts";

const PACKAGE = join(import.meta.dirname, "..");

test("the example of the README is the one in examples/, and runs as it says", async () => {
  const example = join(PACKAGE, "examples/exec.ts");
  expect(await readFile(join(PACKAGE, "README.md"), "utf8")).toContain((await readFile(example, "utf8")).trim());
  await using agent = await startRealAgent();
  const { stdout } = await promisify(execFile)(process.execPath, [example], {
    env: { ...process.env, A3S_EXAMPLE_AGENT: agent.socketPath },
  });
  expect(stdout).toMatch(
    /^serving\n0 Linux\nb\na\nended with 0 after \d+ ms\nSTREAMS\nSIGINT\nsleep 1000\nSIGKILL\nEXEC_FAILED "sh" ended with exit code 3/,
  );
});

test.each([
  ["files", "[ 'logs', 'logs/app.log' ]\nstarted\nready\n14 600 true\nFILE_NOT_FOUND ENOENT\n"],
  ["copy", "4\ncopied\n"],
])("the example about %s is the one in examples/, and runs as it says", async (name, output) => {
  const example = join(PACKAGE, `examples/${name}.ts`);
  expect(await readFile(join(PACKAGE, "README.md"), "utf8")).toContain((await readFile(example, "utf8")).trim());
  await using agent = await startRealAgent();
  await using scratch = await scratchDirectory();
  const { stdout } = await promisify(execFile)(process.execPath, [example], {
    env: { ...process.env, A3S_EXAMPLE_AGENT: agent.socketPath, A3S_EXAMPLE_DIRECTORY: join(scratch.path, "example") },
  });
  expect(stdout).toBe(output);
});
