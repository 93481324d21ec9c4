import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { cachedLayout } from "./cached-layout.ts";

const run = promisify(execFile);

const SUITE = "bookworm";

/** What goes over a minimal Debian system, a layer each: programs and libraries, sources and headers, classes, scripts. */
const LAYERS = [["g++-12"], ["golang-1.19-go"], ["openjdk-17-jre-headless"], ["git", "nodejs", "python3"]];

/** Arguments of mmdebstrap before the suite, for each layer of each image. */
const RECIPES = {
  layered: [["--variant=minbase"], ...LAYERS.map(extracted)],
  single: [extracted(LAYERS.flat())],
};

/** The same software twice, some 400 MB compressed each, in one OCI layout. */
export interface DebianImages {
  /** Absolute path of the layout. */
  readonly layout: string;
  /** Tags: a base and more layers over it, and all of it in one layer. */
  readonly tags: readonly (keyof typeof RECIPES)[];
}

/**
 * Makes large images with the content, and so the compression, of real ones. The first call downloads some 500 MB from Debian and
 * takes minutes; the result is kept in `.cache/images`.
 */
export async function debianImages(): Promise<DebianImages> {
  const fingerprint = createHash("sha256")
    .update(JSON.stringify([SUITE, RECIPES]))
    .digest("hex")
    .slice(0, 12);
  const layout = await cachedLayout(`debian-${fingerprint}`, build);
  return { layout, tags: ["layered", "single"] };
}

async function build(layout: string, work: string): Promise<void> {
  const archive = join(work, "layer.tar");
  await run("umoci", ["init", "--layout", layout]);
  for (const [tag, layers] of Object.entries(RECIPES)) {
    const image = `${layout}:${tag}`;
    await run("umoci", ["new", "--image", image]);
    for (const recipe of layers) {
      await run("mmdebstrap", ["--quiet", "--format=tar", ...recipe, SUITE, archive]);
      await run("umoci", ["raw", "add-layer", "--image", image, archive]);
      await rm(archive);
    }
    await run("umoci", ["config", "--image", image, "--config.cmd", "bash"]);
  }
}

/** Packages and what they depend on, unpacked and not configured, with `/bin` and its like as the links that the base has. */
function extracted(packages: readonly string[]): readonly string[] {
  const mergedUsr = "--hook-dir=/usr/share/mmdebstrap/hooks/merged-usr";
  return ["--variant=extract", mergedUsr, `--include=${packages.join(",")}`];
}
