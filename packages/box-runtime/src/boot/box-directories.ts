import { chmod, mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BoxId, HomeLayout } from "@a3s/core";

/** Where one box keeps its files while it lives; disposing removes them all. */
export interface BoxDirectories extends AsyncDisposable {
  readonly doorbellSocket: string;
  readonly agentSocket: string;
  /** The log's files are named after it. */
  readonly log: string;
  readonly exitRecord: string;
  /** Where the image of the disk with this index belongs. */
  disk(index: number): string;
}

/** Creates `run/<id>` (only the owner may enter: whoever reaches the sockets commands the box) and `boxes/<id>`. */
export async function createBoxDirectories(home: HomeLayout, id: BoxId): Promise<BoxDirectories> {
  const run = join(home.run, id);
  const box = join(home.boxes, id);
  const remove = async () => {
    await rm(run, { recursive: true, force: true });
    await rm(box, { recursive: true, force: true });
  };
  try {
    for (const directory of [run, box]) {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await chmod(directory, 0o700);
    }
  } catch (error) {
    await remove();
    throw error;
  }
  return {
    doorbellSocket: join(run, "boot.sock"),
    agentSocket: join(run, "agent.sock"),
    log: join(box, "log"),
    exitRecord: join(box, "exit.json"),
    disk: (index) => join(box, `disk${index}.ext4`),
    [Symbol.asyncDispose]: remove,
  };
}
