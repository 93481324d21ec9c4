import { execFile, spawn } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { startDockerRegistry, takeCensus } from "@a3s/testing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { program } from "./command.ts";
import { expectedPattern, parseTour } from "./tour.ts";

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "a3s-tour-"));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** A shell that carries out one line after the other; what it prints, on both outputs, comes back for each. */
function startShell(cwd: string, env: Readonly<Record<string, string>>) {
  const shell = spawn("bash", ["--norc", "--noprofile"], {
    cwd,
    env: { ...process.env, ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  const output = shell.stdout.setEncoding("utf8").iterator();
  let pending = "";
  shell.stdin.write("exec 2>&1\n");
  return {
    async carryOut(command: string): Promise<string> {
      shell.stdin.write(`${command}\nprevious=$?; printf '\\0'; (exit $previous)\n`);
      while (!pending.includes("\0")) {
        const { value, done } = await output.next();
        if (done) throw new Error(`the shell ended: ${pending}`);
        pending += value;
      }
      const end = pending.indexOf("\0");
      const printed = pending.slice(0, end);
      pending = pending.slice(end + 1);
      return printed;
    },
    [Symbol.dispose]: () => shell.stdin.end(),
  };
}

test("docs/quick-tour.md can be followed line by line", { timeout: 600_000 }, async () => {
  const before = await takeCensus(join(home, "home"));
  await using registry = await startDockerRegistry();
  const image = `${registry.host}/tour/image:1`;
  const source = process.env["A3S_EXAMPLE_IMAGE"] ?? "";
  await promisify(execFile)("skopeo", ["copy", "--dest-tls-verify=false", source, `docker://${image}`]);
  await mkdir(join(home, "bin"));
  // An emulated host boots guests 20 to 50 times slower than hardware, the more so the more memory and processors they have: nothing to show on a page.
  const script = `#!/bin/sh
command=$1; shift
case $command in run) set -- --boot-timeout 120 --cpus 1 -m 256 "$@" ;; esac
exec '${process.execPath}' -- '${program}' "$command" "$@"
`;
  await writeFile(join(home, "bin/a3s-box"), script, { mode: 0o755 });

  const page = await readFile(new URL("../../../docs/quick-tour.md", import.meta.url), "utf8");
  const [first, ...steps] = parseTour(page);
  expect(first?.command).toMatch(/^IMAGE=/);
  using shell = startShell(home, { A3S_HOME: join(home, "home"), PATH: `${join(home, "bin")}:${process.env["PATH"]}` });
  await shell.carryOut(`IMAGE=${image}`);
  for (const { command, expected, line } of steps) {
    const printed = await shell.carryOut(command);
    expect(printed, `docs/quick-tour.md:${line}: ${command}`).toMatch(expectedPattern(expected));
  }
  expect(await takeCensus(join(home, "home"))).toEqual(before);
});
