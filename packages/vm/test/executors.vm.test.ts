import { mkdtemp, readFile, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { attachVm, isAlive, launchVm } from "../src/index.ts";
import { busyboxRoot } from "./busybox-root.ts";
import { executors } from "./executors.ts";

const BOOT_TIMEOUT_MS = 120_000;

/** The guest writes into what is shared read-only, says who it is, and waits for the end of what it reads. */
const script = "/bin/busybox touch /new; echo up $(/bin/busybox uname -s); exec /bin/busybox sleep 1000";

describe.each(executors)("$name", (executor) => {
  test(
    "boots a real guest that it keeps from writing, which others find, and ends it",
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
      const files = {
        log: { path: join(directory, "log") },
        exitPath: join(directory, "exit.json"),
        statePath: join(directory, "vm.json"),
      };
      const root = await busyboxRoot(join(directory, "root"));
      await using vm = await launchVm(
        {
          vcpus: 1,
          memoryMib: 256,
          root: { path: root, readOnly: true },
          init: { path: "/bin/busybox", args: ["sh", "-c", script] },
        },
        { ...files, ...executor.options },
      );
      const said: string[] = [];
      for await (const entry of vm.logs({ follow: true })) {
        if (entry.stream === "log") continue;
        said.push(entry.text.trimEnd());
        if (entry.text.startsWith("up ")) break;
      }
      expect(said.at(-1)).toBe("up Linux");
      expect(said.find((line) => line.includes("/new"))).toContain("Read-only file system");
      const attached = await attachVm(files);
      expect(attached.identity).toEqual(vm.identity);
      expect(await attached.stop()).toMatchObject({ cause: "stopped", signal: "SIGKILL" });
      await vm.exited;
      expect(isAlive(vm.identity)).toBe(false);
      expect(JSON.parse(await readFile(files.exitPath, "utf8"))).toMatchObject({ cause: "stopped" });
      await expect(stat(join(root, "new"))).rejects.toThrow("ENOENT");
      await rm(directory, { recursive: true, force: true });
    },
    BOOT_TIMEOUT_MS,
  );

  test(
    "has the guest's exit code",
    async () => {
      const directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
      await using vm = await launchVm(
        {
          vcpus: 1,
          memoryMib: 256,
          root: { path: await busyboxRoot(join(directory, "root")), readOnly: true },
          init: { path: "/bin/busybox", args: ["sh", "-c", "exit 37"] },
        },
        { log: { path: join(directory, "log") }, exitPath: join(directory, "exit.json"), ...executor.options },
      );
      expect(await vm.exited).toMatchObject({ code: 37, cause: "guest" });
      await rm(directory, { recursive: true, force: true });
    },
    BOOT_TIMEOUT_MS,
  );
});
