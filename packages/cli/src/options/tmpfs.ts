import type { BoxConfigInput } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";

type TmpfsInput = NonNullable<BoxConfigInput["tmpfs"]>[number];

/** `target[:size=64m,mode=1777]` as docker has it: a size in bytes, or with k, m or g behind it. */
export function parseTmpfs(text: string): TmpfsInput {
  const [, target = "", list] = /^(\/[^:]*)(?::(.*))?$/.exec(text) ?? refuse(text);
  let tmpfs: TmpfsInput = { target };
  for (const option of list === undefined ? [] : list.split(",")) {
    const [, size, unit = "", mode] = /^(?:size=(\d{1,12})([kmg]?)|mode=([0-7]{3,4}))$/.exec(option) ?? refuse(text);
    if (mode !== undefined) tmpfs = { ...tmpfs, mode: Number.parseInt(mode, 8) };
    else tmpfs = { ...tmpfs, sizeMib: Math.ceil((Number(size) * (UNITS[unit] ?? 1)) / MIB) };
  }
  return tmpfs;
}

const MIB = 1024 * 1024;
/** docker: a bare number is bytes. */
const UNITS: Readonly<Record<string, number>> = { k: 1024, m: MIB, g: 1024 * MIB };

function refuse(text: string): never {
  throw new InvalidArgumentError(`${JSON.stringify(text)} is not target[:size=64m,mode=1777]`);
}
