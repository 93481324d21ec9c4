import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ImageStore } from "../src/store/image-store.ts";

/** A directory that is gone after the test. */
export interface Scratch extends AsyncDisposable {
  readonly directory: string;
  path(...parts: readonly string[]): string;
  /** A new, empty store in it. */
  store(name?: string): Promise<ImageStore>;
}

export async function scratch(): Promise<Scratch> {
  const directory = await mkdtemp(join(tmpdir(), "a3s-oci-"));
  return {
    directory,
    path: (...parts) => join(directory, ...parts),
    store: (name = "store") => ImageStore.open(join(directory, name)),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true, force: true }),
  };
}
