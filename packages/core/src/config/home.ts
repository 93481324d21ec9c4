import { homedir } from "node:os";
import { isAbsolute, join, resolve } from "node:path";
import { CoreError } from "../errors/core-error.ts";

/** Where A3S Box keeps its files; every path is absolute. */
export interface HomeLayout {
  readonly home: string;
  /** One OCI image layout for all images. */
  readonly images: string;
  /** Immutable root directories, one per chain ID. */
  readonly rootfs: string;
  /** One directory per box: its record, log and disk. */
  readonly boxes: string;
  /** What boxes keep under a name, one directory per volume. */
  readonly volumes: string;
  /** Networks of boxes, one directory per network: its record and its members. */
  readonly networks: string;
  /** Sockets; short on purpose, a Unix socket path holds 107 bytes. */
  readonly run: string;
  /** What the guest agent boots from, one directory per build of the agent. */
  readonly guest: string;
}

/**
 * Resolves the home directory: `$A3S_HOME`, else `~/.a3s`. Touches nothing.
 *
 * @throws {@link CoreError} `CONFIG_INVALID` when `A3S_HOME` is not absolute.
 */
export function homeLayout(home?: string, env: NodeJS.ProcessEnv = process.env): HomeLayout {
  const chosen = home ?? (env["A3S_HOME"] || join(homedir(), ".a3s"));
  if (!isAbsolute(chosen)) {
    throw new CoreError({
      code: "CONFIG_INVALID",
      message: `The home directory ${JSON.stringify(chosen)} is not an absolute path`,
      hint: "Set A3S_HOME (or the option `home`) to an absolute path.",
    });
  }
  const root = resolve(chosen);
  return {
    home: root,
    images: join(root, "images"),
    rootfs: join(root, "rootfs"),
    boxes: join(root, "boxes"),
    volumes: join(root, "volumes"),
    networks: join(root, "networks"),
    run: join(root, "run"),
    guest: join(root, "guest"),
  };
}
