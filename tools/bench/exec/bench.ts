import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type BenchGuest, bootGuest } from "./guest.ts";
import { PEER_PORT, Yardstick } from "./yardstick.ts";

/** A VM, and what it is measured by. */
export interface Bench extends AsyncDisposable {
  readonly guest: BenchGuest;
  readonly yardstick: Yardstick;
}

/** Boots a VM in a directory of its own, with the yardstick's program from `peer`. */
export async function openBench(peer: string): Promise<Bench> {
  await using opening = new AsyncDisposableStack();
  const directory = await mkdtemp(join(tmpdir(), "a3s-bench-"));
  opening.defer(() => rm(directory, { recursive: true, force: true }));
  const socketPath = join(directory, "peer.sock");
  const yardstick = opening.use(await Yardstick.listen(socketPath));
  const guest = opening.use(await bootGuest(directory, peer, { port: PEER_PORT, socketPath }));
  const held = opening.move();
  return { guest, yardstick, [Symbol.asyncDispose]: () => held.disposeAsync() };
}
