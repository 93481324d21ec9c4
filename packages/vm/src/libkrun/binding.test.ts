import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { KRUN_API, type KrunFunction, krunFeature } from "./api.ts";
import { apiVersion, openLibkrun } from "./binding.ts";
import type { KrunFeature } from "./feature.ts";
import { locateLibkrun } from "./locate.ts";

const krun = await openLibkrun(await locateLibkrun());

test("the installed libkrun has every function of 1.17, and network and block devices", () => {
  expect(krun.version).toBe("1.17");
  expect(krun.features()).toEqual(["net", "blk"]);
});

test("the table of its functions is that of the installed library", async () => {
  const { stdout } = await promisify(execFile)("nm", ["-D", "--defined-only", krun.files.libkrun]);
  const exported = [...stdout.matchAll(/ T krun_(\w+)$/gm)].map(([, name]) => name as string).sort();
  const features: readonly (KrunFeature | undefined)[] = [undefined, ...krun.features()];
  const expected = (Object.keys(KRUN_API) as KrunFunction[])
    .filter((name) => KRUN_API[name].since === "1.17" && features.includes(krunFeature(name)))
    .sort();
  expect(exported).toEqual(expected);
});

test("nested virtualisation is refused on Linux", () => {
  const context = krun.call("create_ctx", {});
  expect(() => krun.call("set_nested_virt", { context, enabled: true })).toThrow(
    expect.objectContaining({ details: { function: "krun_set_nested_virt", errno: 22 } }),
  );
  krun.call("free_ctx", { context });
});

test("a context takes a configuration until it is freed", () => {
  const context = krun.call("create_ctx", {});
  expect(krun.call("set_vm_config", { context, vcpus: 2, memoryMib: 512 })).toBe(0);
  expect(krun.call("set_exec", { context, path: "/init", args: ["a"], env: [] })).toBe(0);
  expect(krun.call("set_port_map", { context, ports: ["8080:80"] })).toBe(0);
  expect(() => krun.call("set_port_map", { context, ports: ["no port"] })).toThrow(
    expect.objectContaining({ code: "LIBKRUN_CALL_FAILED", details: { function: "krun_set_port_map", errno: 22 } }),
  );
  expect(krun.call("free_ctx", { context })).toBe(0);
  expect(() => krun.call("set_vm_config", { context, vcpus: 2, memoryMib: 512 })).toThrow(
    expect.objectContaining({ details: { function: "krun_set_vm_config", errno: 2 } }),
  );
});

test("a function that the library lacks is an error that names the version which has it", () => {
  expect(krun.has("disable_implicit_init")).toBe(false);
  expect(() => krun.call("disable_implicit_init", { context: 0 })).toThrow(
    expect.objectContaining({ code: "LIBKRUN_TOO_OLD", hint: "Install libkrun 1.19 or newer." }),
  );
});

test("what is no library is an error that names the file", async () => {
  const files = { ...krun.files, libkrun: "/proc/version" };
  await expect(openLibkrun(files)).rejects.toThrow(
    expect.objectContaining({ code: "LIBKRUN_UNUSABLE", message: expect.stringContaining("/proc/version") }),
  );
});

test.each<[expected: string | undefined, lacking: KrunFunction[]]>([
  ["1.19", []],
  ["1.19", ["set_tee_config_file", "add_net_tap"]],
  // As 1.19.7 is on Linux.
  ["1.19", ["add_vhost_user_device", "get_shutdown_eventfd"]],
  ["1.18", ["disable_implicit_init"]],
  ["1.17", ["add_virtiofs3", "disable_implicit_init"]],
  ["1.17", ["add_virtiofs3"]],
  [undefined, ["add_vsock"]],
  [undefined, Object.keys(KRUN_API) as KrunFunction[]],
])("version %s is what a library without %j has", (expected, lacking) => {
  expect(apiVersion(lacking)).toBe(expected);
});
