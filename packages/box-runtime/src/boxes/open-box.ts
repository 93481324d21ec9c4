import type { AgentFiles } from "@a3s/agent-client";
import { stopGuest } from "../boot/stop-guest.ts";
import { NO_LIMIT } from "../copy/copy-in.ts";
import { ReleaseStack } from "../release-stack.ts";
import { bootStored } from "./boot-stored.ts";
import { boxKeepsNothing } from "./box-error.ts";
import type { BoxPlace } from "./box-place.ts";
import type { BoxRecord } from "./box-record.ts";
import { closeOpened, openedPaths } from "./box-runs.ts";

/** What is done with the files of a box that does not run. */
export interface OpenOptions {
  readonly readOnly: boolean;
  readonly signal: AbortSignal;
}

/**
 * Boots a box's root, disk and volumes in a VM without its main process, network and ports, which ends with this process, and hands its files
 * to a task. It is no run: record, log and history of the box stay as they are. Under the lock of the box, which does not run.
 *
 * @throws RuntimeError `STATE_INVALID` where what is written would be gone with the VM; what a start throws
 */
export async function openBox<T>(
  place: BoxPlace,
  record: BoxRecord,
  { readOnly, signal }: OpenOptions,
  task: (files: AgentFiles) => Promise<T>,
): Promise<T> {
  const { id, intent } = record;
  if (!readOnly && record.config.diskMib === undefined) throw boxKeepsNothing(id, intent);
  await closeOpened(place, id);
  const opened = openedPaths(place, id);
  const held = new ReleaseStack();
  try {
    const booted = await bootStored(place, record, {
      // What a tmpfs covers is beneath it for its next start, as docker has it.
      config: { ...record.config, network: "none", ports: [], tmpfs: [] },
      ...{ main: undefined, held, signal, log: `${opened.directory}/log`, exitRecord: opened.exit },
      life: { statePath: opened.state, detached: false },
    });
    try {
      const result = await task(booted.agent.files);
      // Nobody would hear of a disk that is full, or of a guest that is gone, from its power-off.
      if (!readOnly) await booted.agent.system.sync({ timeoutMs: NO_LIMIT, signal });
      return result;
    } finally {
      await stopGuest(booted, 0);
    }
  } finally {
    await held[Symbol.asyncDispose]();
    await closeOpened(place, id);
  }
}
