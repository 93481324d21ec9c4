import { execFile } from "node:child_process";
import { chown, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, expect, test } from "vitest";
import type { VmExit } from "../src/index.ts";
import type { CreatorRequest } from "./creator.ts";

const NOBODY = 65534;

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  await mkdir(join(directory, "root"));
  await chown(directory, NOBODY, NOBODY);
});
afterEach(() => rm(directory, { recursive: true, force: true }));

test("a user who may not open /dev/kvm is told so, in libkrun's words and with the error's name", async () => {
  const request: CreatorRequest = {
    spec: { vcpus: 1, memoryMib: 128, root: { path: join(directory, "root") }, init: { path: "/none" } },
    options: { log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json") },
    report: true,
  };
  // In a mount namespace of its own: the machine's device keeps its rights.
  const locked = join(tmpdir(), `a3s-locked-${process.pid}`);
  await writeFile(locked, "", { mode: 0o600 });
  const script = 'mount --bind "$0" /dev/kvm && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"';
  const creator = [process.execPath, join(import.meta.dirname, "creator.ts"), JSON.stringify(request)];
  const { stdout } = await promisify(execFile)("unshare", ["--mount", "sh", "-c", script, locked, ...creator]);
  await rm(locked);
  const exit = JSON.parse(stdout.split("\n")[1] ?? "") as VmExit;
  expect(exit).toMatchObject({ code: null, signal: "SIGABRT", cause: "signal" });
  expect(exit.meaning).toMatch(/Kvm.*Error\(13\), which is EACCES/);
});
