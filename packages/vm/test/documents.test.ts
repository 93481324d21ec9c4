import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { vmHostCommand } from "../src/native/vm-host-command.ts";
import { executors } from "./executors.ts";

/** A document as a starter writes it, open to be spoiled. */
// biome-ignore lint/suspicious/noExplicitAny: whatever a test makes of it is the point
type Document = any;

function document(directory: string): Document {
  return {
    version: 1,
    libkrun: "/l/libkrun.so.1",
    libkrunfw: null,
    calls: [
      { fn: "krun_create_ctx", args: [], save: "ctx" },
      { fn: "krun_set_vm_config", args: [{ ref: "ctx" }, { u8: 2 }, { u32: 3 }] },
    ],
    jail: {
      mode: "best-effort",
      readOnly: ["/a"],
      tree: [
        { at: "/shares/0/n", path: "/b", readOnly: true },
        { at: "/shares/1", path: null, readOnly: false },
      ],
      network: "isolated",
      limits: null,
    },
    log: { path: join(directory, "log"), maxBytes: 131_072, files: 2 },
    exitPath: join(directory, "exit.json"),
    statePath: join(directory, "vm.json"),
    remove: [],
    detached: false,
  };
}

const nine = Array.from({ length: 9 }, () => ({ u8: 1 }));

const WRONG: readonly (readonly [what: string, spoil: (document: Document) => void])[] = [
  ["version", (d) => (d.version = 2)],
  ["libkrun", (d) => (d.libkrun = "libkrun.so")],
  ["libkrun", (d) => (d.libkrun = "/a\0b")],
  ["exitPath", (d) => (d.exitPath = "e")],
  ["statePath", (d) => (d.statePath = "s")],
  ["remove", (d) => (d.remove = ["r"])],
  ["log.path", (d) => (d.log.path = "c")],
  ["log.maxBytes", (d) => (d.log.maxBytes = 131_071)],
  ["log.files", (d) => (d.log.files = 1)],
  ["log.files", (d) => (d.log.files = 101)],
  ["jail.readOnly", (d) => (d.jail.readOnly[0] = "a")],
  ["jail.tree", (d) => (d.jail.tree[0].path = "b")],
  ["jail.tree", (d) => (d.jail.tree[0].at = "/..")],
  ["jail.tree", (d) => (d.jail.tree[0].at = "/a/../b")],
  ["jail.tree", (d) => (d.jail.tree[0].at = "shares/0")],
  ["jail.tree", (d) => (d.jail.tree[0].at = "/a/b/c/d")],
  ["jail.tree", (d) => (d.jail.tree[0].at = "/dev")],
  ["jail.tree", (d) => (d.jail.tree[0].at = "/shares/1")],
  ["jail.tree", (d) => (d.jail.tree[0].at = "/shares/1/0")],
  ["calls", (d) => (d.calls = [])],
  ["calls", (d) => (d.calls[0].fn = "system")],
  ["calls", (d) => (d.calls[0].fallback = { fn: "system", args: [] })],
  ["calls", (d) => (d.calls[0].args = nine)],
  ["calls", (d) => d.calls[1].args.pop()],
  ["calls", (d) => d.calls[1].args.push({ u32: 4 })],
  ["calls", (d) => (d.calls[1].args[1] = { u32: 2 })],
  ["calls", (d) => (d.calls[1].fallback = { fn: "krun_set_root", args: [{ ref: "ctx" }, { str: null }] })],
  ["spec", (d) => (d.jail.mode = "lax")],
  ["spec", (d) => (d.unknown = 1)],
  ["spec", (d) => delete d.detached],
  ["spec", (d) => (d.calls[1].args[1] = { u8: 256 })],
  ["spec", (d) => (d.calls[1].args[1] = { u9: 1 })],
  ["spec", (d) => (d.calls[1].args[1] = { u8: 1, u32: 1 })],
];

/** What a program makes of a document that nobody should have written. */
describe.each(executors)("$name, the document", (host) => {
  let directory: string;
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));

  /** What it says and answers, in a directory where nothing may be made. */
  async function refusal(...said: readonly string[]) {
    const { command, args } = vmHostCommand(host.options.vmHost);
    const child = spawn(command, [...args, "run"], { stdio: ["ignore", "pipe", "pipe", "pipe"], env: {} });
    const lifeline = child.stdio[3] as Writable;
    // It may end before it has read all.
    lifeline.on("error", () => {});
    for (const part of said) lifeline.write(part);
    const closed = once(child, "close");
    const [stdout, stderr] = await Promise.all([text(child.stdout as Readable), text(child.stderr as Readable)]);
    const [code] = await closed;
    expect(await readdir(directory)).toEqual([]);
    return { code, stdout, failure: JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") };
  }

  const refused = (what: string) => ({
    code: 70,
    stdout: "",
    failure: { stage: "spec", what, errno: 0, message: expect.any(String) },
  });

  test.each(WRONG.map(([what, spoil], index) => [index, what, spoil] as const))(
    "%i: what is wrong is refused and named, %s",
    async (_, what, spoil) => {
      const wrong = document(directory);
      spoil(wrong);
      expect(await refusal(`${JSON.stringify(wrong)}\n`)).toEqual(refused(what));
    },
  );

  test("what is no JSON, or no end of a line, is refused", async () => {
    expect(await refusal("{\n")).toEqual(refused("spec"));
    expect(await refusal(" ".repeat(2 ** 20), " ".repeat(2 ** 12))).toEqual(refused("spec"));
  });
});
