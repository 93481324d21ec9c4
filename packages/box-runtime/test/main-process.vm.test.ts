import { homeLayout, newBoxId, parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { bootBox } from "../src/boot/boot-box.ts";
import type { BoxConfigInput, MainRequest } from "../src/index.ts";
import { ReleaseStack } from "../src/release-stack.ts";
import { exampleBox, exampleConfig } from "./example-box.ts";
import { text } from "./example-image.ts";
import { homeForEach } from "./test-home.ts";

const at = homeForEach();
const box = (config: Partial<BoxConfigInput> = {}) => exampleBox(at.home, config);

/** A box whose log outlives its VM. */
async function bootWith(held: ReleaseStack, main: MainRequest) {
  const nothing = () => {};
  return await bootBox({
    id: newBoxId(),
    config: parseBoxConfig(exampleConfig()),
    home: homeLayout(at.home),
    pull: {},
    jail: undefined,
    signal: new AbortController().signal,
    held,
    main,
    onStage: nothing,
    onPull: nothing,
    onRoot: nothing,
  });
}

test("what it wrote before an instant end is in the log, whole; a daemon that it left does not hold the end up", async () => {
  await using held = new ReleaseStack();
  const script = [
    "(setsid sleep 1000 &)",
    "head -c 1048576 /dev/zero | tr '\\0' x",
    "echo",
    "echo err >&2",
    "exit 3",
  ].join("; ");
  const { vm, mainEnd } = await bootWith(held, { command: ["sh", "-c", script] });
  expect(await mainEnd).toEqual({ exitCode: 3, signal: null });
  expect(await vm.exited).toMatchObject({ code: 3, cause: "guest" });
  const logged = { stdout: "", stderr: "" };
  for await (const entry of vm.logs()) {
    if (entry.stream === "stdout" || entry.stream === "stderr") {
      logged[entry.stream] += `${entry.text}${entry.partial ? "" : "\n"}`;
    }
  }
  expect(logged.stderr).toBe("err\n");
  expect(logged.stdout.length).toBe(1048577);
  expect(logged.stdout).toMatch(/^x+\n$/);
});

test("a signal that ends it is told as such and as 128 + N, and the box stops", async () => {
  const vm = box();
  const stopped = new Promise((resolve) => vm.events.on("box.stopped", resolve));
  await vm.boot({ main: { command: ["sh", "-c", "kill -USR1 $$"] } });
  expect(await vm.wait()).toEqual({ exitCode: 138, signal: "SIGUSR1" });
  expect(await vm.exited).toMatchObject({ code: 138 });
  await stopped;
  expect(vm.state).toBe("stopped");
});

test("it waits for the first who attaches, has a terminal of that size, and is stopped by its own signal", async () => {
  const vm = box({ stopSignal: "SIGQUIT", extraHosts: ["db:10.0.0.7"], dns: { servers: ["10.0.0.1"] } });
  const script = "stty size; trap 'echo asked; exit 6' QUIT; trap 'exit 7' TERM; while :; do sleep 0.05; done";
  await vm.boot({ main: { command: ["sh", "-c", script], start: "attach", tty: true } });
  const main = vm.attach({ size: { columns: 101, rows: 33 } });
  await main.started;
  expect(await vm.processes.list()).toContainEqual(expect.objectContaining({ id: 0, main: true, tty: true }));
  const files = await vm.exec("tail -n 1 /etc/hosts; cat /etc/resolv.conf");
  expect(text(files.stdout)).toBe("10.0.0.7\tdb\nnameserver 10.0.0.1\n");
  // Its output is taken while there is a guest to take it from.
  const [ended, result] = [vm.wait(), main.then((result) => result)];
  await vm.destroy();
  expect(await ended).toEqual({ exitCode: 6, signal: null });
  const { exitCode, stdout } = await result;
  expect([exitCode, text(stdout)]).toEqual([6, "33 101\r\nasked\r\n"]);
});

test("a signal reaches the main process alone, which tells its workers itself", async () => {
  await using vm = box();
  // Whoever is told first says so.
  const worker = "trap 'echo worker told' TERM USR1; trap 'exit 0' HUP; echo ready; while :; do sleep 0.05; done";
  const script = `trap 'echo told; kill -HUP $!; wait; exit 3' USR1; sh -c "${worker}" & while :; do sleep 0.05; done`;
  await vm.boot({ main: { command: ["sh", "-c", script], start: "attach" } });
  const events = vm.attach()[Symbol.asyncIterator]();
  const lines: string[] = [];
  for (let event = await events.next(); !event.done; event = await events.next()) {
    if (event.value.type !== "stdout") continue;
    lines.push(...text(event.value.data).trim().split("\n"));
    if (lines.at(-1) === "ready") await vm.processes.signal("main", "SIGUSR1");
  }
  expect(lines).toEqual(["ready", "told"]);
  expect(await vm.wait()).toEqual({ exitCode: 3, signal: null });
});

// What is not there is told in boxes.vm.test.ts.
test("one that cannot be started fails the boot, with the exit code that a shell has for it", async () => {
  const vm = box();
  await expect(vm.boot({ main: { command: ["/etc/passwd"] } })).rejects.toMatchObject({
    ...{ code: "COMMAND_NOT_EXECUTABLE", details: { exitCode: 126 } },
  });
  expect(vm.state).toBe("stopped");
});

test("a kernel parameter that the guest's kernel refuses fails the boot and is named", async () => {
  await expect(box({ sysctls: { "net.no.such": "1" } }).boot()).rejects.toMatchObject({
    code: "BOOT_FAILED",
    message: expect.stringMatching(/sysctl net\.no\.such.*No such file/),
    cause: { details: { stage: "sysctls", errno: 2 } },
  });
});
