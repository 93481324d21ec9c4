import { type HomeLayout, homeLayout } from "@a3s/core";
import type { ImagePullOptions } from "../image/find-image.ts";
import { Volumes } from "../volumes/volumes.ts";
import { Images } from "./images.ts";

/** Options of {@link createRuntime}. */
export interface RuntimeOptions {
  /** Home directory, absolute; `$A3S_HOME`, else `~/.a3s`, by default. */
  readonly home?: string | undefined;
  /** How images are pulled and pushed, unless a call says otherwise: credentials, mirrors, certificates, signature policy. */
  readonly pull?: Omit<ImagePullOptions, "cacheBytes"> | undefined;
}

/** Everything that one home directory holds. */
export interface Runtime {
  /** Where it keeps its files. */
  readonly home: HomeLayout;
  readonly images: Images;
  readonly volumes: Volumes;
}

/**
 * The images and volumes of a home directory. It touches nothing until it is asked for something, and holds nothing afterwards: any number
 * of runtimes, in any number of processes, may have the same home.
 *
 * ```ts
 * const runtime = createRuntime();
 * await runtime.images.pull("alpine:3.22");
 * for (const volume of await runtime.volumes.list()) console.log(volume.name, volume.inUse);
 * ```
 *
 * @throws CoreError `CONFIG_INVALID` when the home directory is not an absolute path.
 */
export function createRuntime({ home, pull = {} }: RuntimeOptions = {}): Runtime {
  const layout = homeLayout(home);
  return { home: layout, images: new Images(layout, pull), volumes: new Volumes(layout.volumes) };
}
