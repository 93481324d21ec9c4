import { access, copyFile, mkdir } from "node:fs/promises";
import { basename, join } from "node:path";
import { runLogged } from "./child.mjs";
import { installLine, installPackages, missingPackages, requestedPackages } from "./debian.mjs";

/**
 * What a checkout needs before any of its commands can run, in an order that only `after` makes binding.
 *
 * A step with `inputs` (files and trees) and `outputs` is left out while neither changes. A step without them says in
 * `needed` whether there is anything to do, and what. `fix` is the sentence that a failure ends with.
 */
export function bootstrapSteps(place) {
  return [toolchain(place), system(place), packages(place), native(place), build(place)];
}

function toolchain({ root, toolchain, ownEnv }) {
  const sources = ["package.json", "package-lock.json"].map((name) => `tools/bootstrap/toolchain/${name}`);
  return {
    name: "toolchain",
    what: "Node.js and pnpm of the pinned versions",
    inputs: sources,
    outputs: [join(toolchain, "node_modules/.bin/pnpm")],
    fix: 'Check that npm reaches its registry ("npm ping") and run this again.',
    async run({ log, signal }) {
      await mkdir(toolchain, { recursive: true });
      for (const source of sources) await copyFile(join(root, source), join(toolchain, basename(source)));
      const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
      await runLogged("npm", args, { cwd: toolchain, env: ownEnv, log, signal });
      const [major, minor] = process.versions.node.split(".").map(Number);
      const recent = major > 22 || (major === 22 && minor >= 18);
      if (!recent) await access(join(toolchain, "node_modules/.bin/node")).catch(() => Promise.reject(noPinnedNode()));
    },
  };
}

function noPinnedNode() {
  const machine = `${process.platform} on ${process.arch}`;
  return new Error(`npm carries no Node.js 24 for ${machine}: run this with Node.js 22.18 or newer of your own.`);
}

function system({ root, ownEnv }) {
  return {
    name: "system",
    what: "Debian packages",
    fix: 'Check that "apt-get update" works and run this again.',
    async needed() {
      if (process.env.A3S_SKIP_SYSTEM_PACKAGES) return undefined;
      const { packages, services } = await requestedPackages(join(root, "tools"));
      const missing = await missingPackages(packages);
      if (missing?.length === 0) return undefined;
      return { what: `Debian packages: ${(missing ?? packages).join(" ")}`, missing, packages, services };
    },
    async run({ log, signal, need }) {
      const skip = "To go on without them (no VM can run then) set A3S_SKIP_SYSTEM_PACKAGES=1.";
      if (need.missing === undefined) {
        const names = need.packages.join(" ");
        throw new Error(
          `This is not a Debian system: install what its packages ${names} hold by its own means. ${skip}`,
        );
      }
      if (process.getuid() !== 0) {
        throw new Error(
          `Debian packages are missing. Run this and try again:\n\n  ${installLine(need.missing)}\n\n${skip}`,
        );
      }
      await installPackages(need.missing, need.services, { env: ownEnv, log, signal });
    },
  };
}

function packages({ root, env, workspace }) {
  return {
    name: "packages",
    what: "npm packages of the workspace",
    after: ["toolchain"],
    inputs: [
      "package.json",
      "pnpm-workspace.yaml",
      "pnpm-lock.yaml",
      ...workspace.map((path) => `${path}/package.json`),
    ],
    outputs: [join(root, "node_modules/.modules.yaml")],
    fix: `If pnpm-lock.yaml is out of date run "node tools/bootstrap/main.mjs --toolchain-only pnpm install"; else check that npm reaches its registry.`,
    async run({ log, signal }) {
      // CI=true: pnpm must not ask before it replaces a node_modules of another version.
      const ci = { ...env, CI: "true" };
      await runLogged("pnpm", ["install", "--frozen-lockfile", "--prefer-offline"], {
        cwd: root,
        env: ci,
        log,
        signal,
      });
    },
  };
}

function native({ root, env }) {
  return {
    name: "native",
    what: "guest agent and VM host, by cargo (about two minutes the first time)",
    after: ["toolchain"],
    inputs: ["native", "proto"],
    outputs: ["bin/vm-host", "guest/a3s-agent"].map((path) => join(root, "native/npm", `linux-${process.arch}`, path)),
    fix: "Install Rust 1.88 or newer with cargo, and gcc, if they are missing; else the log says what does not compile.",
    async run({ log, signal }) {
      await runLogged("node", ["native/build.mjs"], { cwd: root, env, log, signal });
    },
  };
}

function build({ root, env, workspace }) {
  return {
    name: "build",
    what: "packages, by turbo and tsup",
    after: ["packages"],
    inputs: ["packages", "tsconfig.base.json", "tsup.base.ts", "turbo.json", "pnpm-lock.yaml"],
    outputs: workspace.filter((path) => path.startsWith("packages/")).map((path) => join(root, path, "dist")),
    fix: "The log says what does not compile.",
    async run({ log, signal }) {
      await runLogged("turbo", ["run", "build", "--output-logs=new-only"], { cwd: root, env, log, signal });
    },
  };
}
