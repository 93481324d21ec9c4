import type { BoxId } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";
import type { BoxLife } from "./box-life.ts";

export function boxNotFound(box: string): RuntimeError {
  return new RuntimeError({
    code: "BOX_NOT_FOUND",
    message: `There is no box ${box}`,
    hint: "List the boxes (a3s-box ps --all): one goes by its id, its name, or the beginning of its id.",
    details: { box },
  });
}

export function boxAmbiguous(box: string, ids: readonly BoxId[]): RuntimeError {
  return new RuntimeError({
    code: "BOX_AMBIGUOUS",
    message: `${ids.length} boxes have ids that begin with ${box}`,
    hint: "Give more of the id, or the name.",
    details: { ids },
  });
}

export function boxNameInvalid(name: string): RuntimeError {
  return new RuntimeError({
    code: "BOX_NAME_INVALID",
    message: `${JSON.stringify(name)} cannot name a box`,
    hint: "Take 2 to 128 letters, digits and _.- of which the first is a letter or digit.",
    details: { name },
  });
}

export function boxNameTaken(name: string, box: BoxId): RuntimeError {
  return new RuntimeError({
    code: "BOX_NAME_TAKEN",
    message: `The name ${name} is that of the box ${box}`,
    hint: "Take another name, or remove or rename that box.",
    details: { name, box },
  });
}

export function boxRunning(id: BoxId, state: BoxLife): RuntimeError {
  return new RuntimeError({
    code: "BOX_RUNNING",
    message: `The box ${id} is ${state} and cannot be removed`,
    hint: "Stop it first, or force its removal.",
    details: { box: id, state },
  });
}

export function boxDamaged(id: BoxId, damage: string): RuntimeError {
  return new RuntimeError({
    code: "BOX_DAMAGED",
    message: `The box ${id} is damaged: ${damage}`,
    hint: "Restore its record, or remove the box by its id, with force.",
    details: { box: id, damage },
  });
}

export function boxTooLarge(bytes: number): RuntimeError {
  return new RuntimeError({
    code: "BOX_INVALID",
    message: `The record of the box would have more than ${bytes} bytes`,
    hint: "Give the box fewer or shorter labels, variables or words.",
  });
}

export function boxUnsaved(id: BoxId, cause: NodeJS.ErrnoException): RuntimeError {
  return new RuntimeError({
    code: "BOX_UNSAVED",
    message: `The record of the box ${id} could not be written: ${cause.message}`,
    hint: "Look at the room and the rights in the home directory; a box can be stopped and removed all the same.",
    cause,
    details: { box: id, errno: cause.code },
  });
}

export function supervisorRunning(home: string): RuntimeError {
  return new RuntimeError({
    code: "SUPERVISOR_RUNNING",
    message: `The boxes in ${home} have a supervisor`,
    hint: "One is enough for a home directory; end the other one first.",
    details: { home },
  });
}

export function boxNotRunning(id: BoxId, state: BoxLife, what: string): RuntimeError {
  return new RuntimeError({
    code: "STATE_INVALID",
    message: `${what} needs a running box; ${id} is ${state}`,
    hint: "Start it. Where another process has, a handle knows by refresh().",
    details: { box: id, state },
  });
}

export function boxKeepsNothing(id: BoxId, state: BoxLife): RuntimeError {
  return new RuntimeError({
    code: "STATE_INVALID",
    message: `The box ${id} is ${state} and has no disk: what is written to its root would be gone with its VM`,
    hint: "Start it first, or make it with a disk (diskMib; a3s-box create --disk), which keeps what is written while it does not run.",
    details: { box: id, state },
  });
}
