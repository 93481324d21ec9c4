import { join } from "node:path";
import { isVolumeName, type VolumeName } from "@a3s/core";
import { RootfsError } from "../errors/rootfs-error.ts";

/** A directory that is kept under a name. */
export interface NamedVolume {
  readonly name: VolumeName;
  /** Where it has to be before the VM starts; made, with the directory that holds it, when it is missing. */
  readonly path: string;
}

/** Where a named volume keeps its files. @throws RootfsError `MOUNT_INVALID` */
export function parseVolumeName(source: string, directory: string | undefined): NamedVolume {
  if (!isVolumeName(source)) throw sourceInvalid(source, "is neither an absolute path nor the name of a volume");
  if (directory === undefined) throw sourceInvalid(source, "names a volume, and there is no directory for volumes");
  // One level down, so that there is room beside them for what is to be known about the volume.
  return { name: source, path: join(directory, source, "data") };
}

function sourceInvalid(source: string, fault: string): RootfsError {
  return new RootfsError({
    code: "MOUNT_INVALID",
    message: `The volume source ${JSON.stringify(source)} ${fault}`,
    hint: "Give an absolute path on the host, or a name of letters, digits and _.- that starts with a letter or digit.",
    details: { source },
  });
}
