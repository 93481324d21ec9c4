import { resolve } from "node:path";
import { isVolumeName, type VolumeConfig } from "@a3s/core";
import { InvalidArgumentError } from "commander";

/**
 * `source:target[:ro|:rw]` as docker has it: a source without a slash or a leading dot names a volume; a relative path counts from the
 * working directory.
 */
export function parseVolume(text: string, cwd: string): VolumeConfig {
  const match = /^([^:]+):(\/[^:]*)(?::(ro|rw))?$/.exec(text);
  if (match === null) throw new InvalidArgumentError(`${JSON.stringify(text)} is not source:target[:ro]`);
  const [, source = "", target = "", mode] = match;
  return { source: isVolumeName(source) ? source : resolve(cwd, source), target, readOnly: mode === "ro" };
}
