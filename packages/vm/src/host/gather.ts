import { readFile, statfs } from "node:fs/promises";
import { release } from "node:os";
import { dirname } from "node:path";
import { BoxError, type HomeLayout } from "@a3s/core";
import { openLibkrun } from "../libkrun/binding.ts";
import { locateLibkrun } from "../libkrun/locate.ts";
import { locateVmHost } from "../native/programs.ts";
import type { HostFacts, LibkrunState } from "./facts.ts";
import { type Probed, probeHost } from "./probe.ts";

/** Looks at the machine. What cannot be looked at is a fact too; rejects only when the signal aborts. */
export async function gatherFacts(home: HomeLayout, signal: AbortSignal | undefined): Promise<HostFacts> {
  const vmHost = await locateVmHost().then((path) => ({ path }), asTrouble);
  const { kvm, jail }: Probed =
    "path" in vmHost
      ? await probeHost(vmHost.path, signal)
      : { kvm: { kvm: "unknown", message: "vm-host, which runs the probe guest, is missing" }, jail: [] };
  const facts = {
    platform: process.platform,
    arch: process.arch,
    kernelRelease: release(),
    kvm,
    jail,
    libkrun: await lookAtLibkrun(),
    vmHost,
    nofile: parseNofile(await readFile("/proc/self/limits", "utf8").catch(() => "")),
    runDirectory: home.run,
    freeBytes: await freeBytes(home.home),
  };
  signal?.throwIfAborted();
  return facts;
}

async function lookAtLibkrun(): Promise<LibkrunState> {
  try {
    const files = await locateLibkrun();
    const binding = await openLibkrun(files);
    return { state: "loaded", files, version: binding.version, features: binding.features() };
  } catch (error) {
    const state = error instanceof BoxError && error.code === "LIBKRUN_MISSING" ? "missing" : "unusable";
    return { state, ...asTrouble(error) };
  }
}

function asTrouble(error: unknown): { readonly message: string; readonly fix: string } {
  if (error instanceof BoxError) return { message: error.message, fix: error.hint ?? "" };
  return { message: String(error), fix: "Look at the message." };
}

/** The hard limit in a text of the form of /proc/PID/limits; vm-host raises the soft one to it. */
export function parseNofile(limits: string): number {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? [];
  return hard === undefined || hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard);
}

/** Of the nearest directory that is there: the home itself may not have been made yet. */
async function freeBytes(path: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(path);
    return bavail * bsize;
  } catch {
    const parent = dirname(path);
    return parent === path ? undefined : await freeBytes(parent);
  }
}
