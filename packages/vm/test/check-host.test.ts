import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test, vi } from "vitest";
import { checkHost, locateVmHost } from "../src/index.ts";
import { NODE } from "./executors.ts";

test("this machine's KVM is judged by what the probe guest does, everything else by what is installed", async () => {
  const home = await mkdtemp(join(tmpdir(), "a3s-vm-"));
  try {
    const { stdout } = await promisify(execFile)(await locateVmHost(), ["probe"]);
    const { kvm } = JSON.parse(stdout) as { kvm: string };
    const { ok, findings } = await checkHost({ home: join(home, "not/made/yet") });
    const codes = findings.map(({ code }) => code);
    expect(codes).toContain(`HOST_KVM_${kvm.toUpperCase()}`);
    expect(codes).toEqual(expect.arrayContaining(["HOST_PLATFORM_OK", "HOST_JAIL_OK", "LIBKRUN_OK", "VM_HOST_OK"]));
    expect(ok).toBe(kvm === "ok");
  } finally {
    await rm(home, { recursive: true });
  }
});

test("where VMs run in Node.js, that is told, and what is unknown because of it", async () => {
  vi.stubEnv("A3S_VM_HOST", NODE.options.vmHost);
  try {
    const { ok, findings } = await checkHost();
    const found = new Map(findings.map(({ code, severity }) => [code, severity]));
    expect(found.get("VM_HOST_NODE")).toBe("warning");
    expect(found.get("HOST_JAIL_INCOMPLETE")).toBe("error");
    expect([...found.keys()]).not.toContain("HOST_KVM_OK");
    expect(ok).toBe(false);
  } finally {
    vi.unstubAllEnvs();
  }
});

test("an aborted check rejects with the reason", async () => {
  const reason = new Error("enough");
  await expect(checkHost({ signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
});
