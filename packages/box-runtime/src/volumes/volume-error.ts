import { isVolumeName } from "@a3s/core";
import { RuntimeError } from "../errors/runtime-error.ts";

/** @throws RuntimeError `VOLUME_INVALID` */
export function requireVolumeName(name: string): void {
  if (isVolumeName(name)) return;
  throw new RuntimeError({
    code: "VOLUME_INVALID",
    message: `${JSON.stringify(name)} cannot name a volume`,
    hint: "Take 1 to 128 letters, digits and _.- of which the first is a letter or digit.",
    details: { name },
  });
}

export function volumeNotFound(name: string): RuntimeError {
  return new RuntimeError({
    code: "VOLUME_NOT_FOUND",
    message: `There is no volume ${name}`,
    hint: "List the volumes: one is made by create() (a3s-box volume create), or by the first box that uses it.",
    details: { name },
  });
}

export function volumeInUse(name: string): RuntimeError {
  return new RuntimeError({
    code: "VOLUME_IN_USE",
    message: `The volume ${name} is in use by a box`,
    hint: "Remove the boxes that use it first; a VmManager's volume is free when it is destroyed.",
    details: { name },
  });
}

export function volumeReplaced(name: string, path: string): RuntimeError {
  return new RuntimeError({
    code: "VOLUME_INVALID",
    message: `The volume ${name} has no directory at ${path}, but something else`,
    hint: "Move it away, or remove the volume.",
    details: { name, path },
  });
}
