import { mkdir, mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { launchVm, type VmProcess } from "../src/index.ts";
import { executors } from "./executors.ts";
import { buildFakeLibkrun } from "./fake-libkrun.ts";

describe.each(executors)("$name, a VM process that is broken into", (executor) => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
    await mkdir(join(directory, "root"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  const launch = async (program: string): Promise<VmProcess> =>
    await launchVm(
      { vcpus: 1, memoryMib: 128, root: { path: join(directory, "root") }, init: { path: program } },
      {
        log: { path: join(directory, "log") },
        exitPath: join(directory, "exit.json"),
        libraries: await buildFakeLibkrun(directory),
        ...executor.options,
      },
    );

  test.each(["fork", "exec", "mount", "inet", "code", "signal"])("ends at %s", async (how) => {
    await using vm = await launch(`/break/${how}`);
    expect(await vm.exited).toMatchObject({ code: null, signal: "SIGSYS", cause: "signal" });
  });

  test("has the filter on all of its threads", async () => {
    await using vm = await launch("/run");
    const threads = await readdir(`/proc/${vm.vmPid}/task`);
    const status = await Promise.all(
      threads.map((thread) => readFile(`/proc/${vm.vmPid}/task/${thread}/status`, "utf8")),
    );
    expect(new Set(status.map((text) => /^Seccomp:\t(\d)$/m.exec(text)?.[1]))).toEqual(new Set(["2"]));
  });
});
