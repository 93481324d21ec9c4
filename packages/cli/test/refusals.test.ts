import { takeCensus } from "@a3s/testing";
import { expect, test } from "vitest";
import { ended, program } from "./command.ts";
import { emptyImage, homeForEach } from "./command-home.ts";

const at = homeForEach();
const { a3sBox } = at;

test.each([
  ["a reference that is none", ["run", "alpine:no tag"], "REFERENCE_INVALID"],
  ["a registry that is down", ["run", "127.0.0.1:1/some/image:1"], "REGISTRY_UNREACHABLE"],
  ["a layout that is missing", ["run", "oci:/no/such/layout:1"], "LAYOUT_INVALID"],
  ["a volume that is missing", ["run", "-v", "/no/such/directory:/mnt", "alpine"], "VOLUME_INVALID"],
  ["too many vCPUs", ["run", "--cpus", "99", "alpine"], "CONFIG_INVALID"],
])("%s ends with 125, a code and a hint, and leaves nothing behind", async (_, args, code) => {
  const before = await takeCensus(at.home);
  const result = await a3sBox(...args);
  expect(result).toMatchObject({ code: 125, stdout: "" });
  expect(result.stderr).toContain(`[${code}]`);
  expect(result.stderr).toContain("hint: ");
  expect(await takeCensus(at.home)).toEqual(before);
});

test("a machine without libkrun ends with 125, a code and a hint, and leaves nothing behind", async () => {
  const image = await emptyImage(at);
  const before = await takeCensus(at.home);
  const args = [program, "run", "--rm", image, "--", "true"];
  const { code, stderr } = await ended(process.execPath, args, {
    A3S_HOME: at.home,
    A3S_LIBKRUN_DIR: "/no/such/directory",
  });
  expect(code).toBe(125);
  expect(stderr).toMatch(/\[LIBKRUN_MISSING\]\n.*hint: Install/s);
  expect(await takeCensus(at.home)).toEqual(before);
});

test("a machine without KVM ends with 125, a code and a hint, and leaves nothing behind", async () => {
  const image = await emptyImage(at);
  const before = await takeCensus(at.home);
  // In a mount namespace of its own, something that is no KVM lies over /dev/kvm.
  const masked = '{ test ! -e /dev/kvm || mount --bind /dev/null /dev/kvm; } && exec "$0" "$@"';
  const command = ["--map-root-user", "--mount", "sh", "-c", masked, process.execPath, program];
  const { code, stderr } = await ended("unshare", [...command, "run", "--rm", image, "--", "true"], {
    A3S_HOME: at.home,
  });
  expect(stderr).toMatch(/\[HOST_UNFIT\]\n.*hint: /s);
  expect(code).toBe(125);
  expect(await takeCensus(at.home)).toEqual(before);
});
