import { randomBytes } from "node:crypto";
import { access, constants, mkdir, rename, rm } from "node:fs/promises";
import { join } from "node:path";

const cache = join(import.meta.dirname, "../../.cache/images");

/**
 * The OCI layout called `name` in `.cache/images`, made by `build` when it is not there yet. The name has to say
 * everything that the content depends on. `work` is a directory for `build` alone, removed afterwards.
 *
 * @returns the absolute path of the layout
 */
export async function cachedLayout(
  name: string,
  build: (layout: string, work: string) => Promise<void>,
): Promise<string> {
  const layout = join(cache, name);
  if (await exists(layout)) return layout;
  const work = `${layout}.${randomBytes(4).toString("hex")}.tmp`;
  try {
    await mkdir(work, { recursive: true });
    await build(join(work, "layout"), work);
    // Whoever loses a race against another run uses the winner's image.
    await rename(join(work, "layout"), layout).catch(async (error: unknown) => {
      if (!(await exists(layout))) throw error;
    });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  return layout;
}

async function exists(path: string): Promise<boolean> {
  return access(path, constants.F_OK).then(
    () => true,
    () => false,
  );
}
