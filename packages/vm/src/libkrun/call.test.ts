import { expect, test } from "vitest";
import { KRUN_API, type KrunFunction, krunParameters } from "./api.ts";
import { type KrunCall, type KrunRef, krunCall } from "./call.ts";

const context: KrunRef<"context"> = { kind: "context", ref: "ctx" };
const console_: KrunRef<"console"> = { kind: "console", ref: "console" };

test("arguments stand in the order of C, whatever the order they are named in", () => {
  expect(krunCall("set_vm_config", { memoryMib: 512, vcpus: 2, context })).toEqual({
    fn: "krun_set_vm_config",
    args: [{ ref: "ctx" }, { u8: 2 }, { u32: 512 }],
  });
});

test("every kind of parameter has its form on the wire", () => {
  expect(krunCall("create_ctx", {}, context)).toEqual({ fn: "krun_create_ctx", args: [], save: "ctx" });
  const nic = { path: null, fd: { peer: 0 }, mac: new Uint8Array([2, 0]), features: 1, flags: 0, context };
  expect(krunCall("add_net_unixstream", nic).args).toEqual([
    { ref: "ctx" },
    { str: null },
    { peer: 0 },
    { bytes: [2, 0] },
    { u32: 1 },
    { u32: 0 },
  ]);
  expect(krunCall("add_net_unixstream", { ...nic, path: "/card", fd: "none" }).args.slice(1, 3)).toEqual([
    { place: "/card" },
    { i32: -1 },
  ]);
  const port = { context, console: console_, name: "p", input: "consoleIn", output: "consoleOut" } as const;
  expect(krunCall("add_console_port_inout", port).args.slice(1)).toEqual([
    { ref: "console" },
    { str: "p" },
    { fd: "consoleIn" },
    { fd: "consoleOut" },
  ]);
  expect(krunCall("set_port_map", { context, ports: [] }).args[1]).toEqual({ strs: [] });
});

test("a wrong argument does not compile", () => {
  // None of these is run: the compiler is what is tested.
  const refused = (): KrunCall[] => [
    // @ts-expect-error an argument is missing
    krunCall("set_root", { context }),
    // @ts-expect-error one too many
    krunCall("set_root", { context, path: "/", mode: 1 }),
    // @ts-expect-error of the wrong kind
    krunCall("set_root", { context, path: 7 }),
    // @ts-expect-error a console is no context
    krunCall("set_root", { context: console_, path: "/" }),
    // @ts-expect-error NULL is not allowed here
    krunCall("set_exec", { context, path: "/", args: [], env: null }),
    // @ts-expect-error no such function
    krunCall("set_rot", { context, path: "/" }),
  ];
  expect(refused).toBeTypeOf("function");
});

test("vm-host passes at most 8 arguments", () => {
  for (const name of Object.keys(KRUN_API)) expect(krunParameters(name as KrunFunction).length).toBeLessThan(9);
});
