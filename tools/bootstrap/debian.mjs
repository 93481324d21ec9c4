import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { captured, runLogged } from "./child.mjs";

/** The Debian packages that the tools ask for, each in its own packages.mjs, and the services among them. */
export async function requestedPackages(toolsDirectory) {
  const packages = new Set();
  const services = new Set();
  for (const tool of await readdir(toolsDirectory)) {
    const list = await import(pathToFileURL(join(toolsDirectory, tool, "packages.mjs")).href).catch((error) => {
      if (error?.code === "ERR_MODULE_NOT_FOUND") return undefined;
      throw error;
    });
    for (const name of list?.debianPackages ?? []) packages.add(name);
    for (const name of list?.services ?? []) services.add(name);
  }
  return { packages: [...packages].sort(), services: [...services] };
}

/** Those of the given packages that are not installed; undefined where there is no dpkg to ask. */
export async function missingPackages(names) {
  if ((await captured("dpkg-query", ["--version"])) === undefined) return undefined;
  // dpkg-query fails when it knows one of the names not at all, and prints the others all the same.
  // biome-ignore lint/suspicious/noTemplateCurlyInString: dpkg-query's own placeholders.
  const format = "--showformat=${Package} ${db:Status-Status}\\n";
  const text = await captured("sh", ["-c", 'dpkg-query --show "$@" || true', "sh", format, ...names]);
  const installed = new Set(
    (text ?? "")
      .split("\n")
      .filter((line) => line.endsWith(" installed"))
      .map((line) => line.split(" ")[0]),
  );
  return names.filter((name) => !installed.has(name));
}

/** What to type where the bootstrap may not install packages itself. */
export function installLine(names) {
  return `sudo sh -c "apt-get update && apt-get install -y --no-install-recommends ${names.join(" ")}"`;
}

/** Installs packages as root, without starting or enabling the services among them. */
export async function installPackages(names, services, { env, log, signal }) {
  const run = (program, args) =>
    runLogged(program, args, {
      log,
      signal,
      env: { ...env, DEBIAN_FRONTEND: "noninteractive", [policyVariable]: "1" },
    });
  const lock = ["-o", "DPkg::Lock::Timeout=300"];
  await run("apt-get", [...lock, "update"]);
  await withoutServices(async () => {
    // An earlier run may have been interrupted between unpacking and configuring.
    await run("dpkg", ["--configure", "-a"]);
    await run("apt-get", [...lock, "install", "-y", "--no-install-recommends", ...names]);
  });
  for (const service of services) if (names.includes(service)) await run("update-rc.d", [service, "disable"]);
}

const policyPath = "/usr/sbin/policy-rc.d";
const policyVariable = "A3S_BOOTSTRAP_STARTS_NO_SERVICE";

/**
 * Debian asks policy-rc.d before a package starts its service; 101 means no. Ours answers so only to our own
 * installation: should this process be killed before it takes the file away, nobody else is affected. A policy that
 * the machine already has is left alone.
 */
async function withoutServices(work) {
  const policy = `#!/bin/sh\n[ -n "$${policyVariable}" ] && exit 101\nexit 0\n`;
  const existing = await readFile(policyPath, "utf8").catch(() => undefined);
  const ours = existing === undefined || existing === policy;
  if (ours) await writeFile(policyPath, policy, { mode: 0o755 });
  try {
    await work();
  } finally {
    if (ours) await rm(policyPath, { force: true });
  }
}
