import { BoxError } from "@a3s/core";

/** Codes of errors that @a3s/rootfs raises. */
export type RootfsErrorCode =
  /** A layer is no well-formed tar stream, or an entry in it contradicts itself or the layers below. */
  | "LAYER_INVALID"
  /** A layer uses a media type or a feature of tar that is not applied, so that applying it would lose something. */
  | "LAYER_UNSUPPORTED"
  /** The name of an entry, or the target of a hard link, leaves the root directory. */
  | "LAYER_ESCAPE"
  /** An entry takes a name or an extended attribute that belongs to the runtime or to overlayfs. */
  | "LAYER_RESERVED"
  /** A layer exceeds one of the limits: entries, bytes, path, depth, compression ratio. */
  | "LAYER_TOO_LARGE"
  /** The file of a layer is missing or cannot be read. */
  | "LAYER_UNREADABLE"
  /** What a layer holds is not what its diff ID says. */
  | "DIFF_ID_MISMATCH"
  /** A file of the store of root directories is damaged. */
  | "STORE_CORRUPT"
  /** The store of root directories cannot be created, read or written. */
  | "STORE_UNAVAILABLE"
  /** The file system or the quota of the store is full. */
  | "NO_SPACE"
  /** The store holds no root with this chain ID. */
  | "ROOT_NOT_FOUND"
  /** A root is not removed while somebody holds it. */
  | "ROOT_IN_USE"
  /** Where something is to be mounted in a guest is no possible place, or is taken. */
  | "MOUNT_INVALID"
  /** A disk is asked for, and mke2fs of e2fsprogs is not installed. */
  | "DISK_TOOL_MISSING"
  /** The image of a disk could not be made. */
  | "DISK_FAILED"
  /** An archive is no well-formed tar stream, or holds what is not extracted. */
  | "ARCHIVE_INVALID"
  /** The name of an entry of an archive, or the target of a hard link, leaves the directory. */
  | "ARCHIVE_ESCAPE"
  /** An archive exceeds one of the limits: entries, bytes, path, depth. */
  | "ARCHIVE_TOO_LARGE"
  /** Something of another kind is where a file or a directory is to be placed. */
  | "TARGET_OBSTRUCTED"
  /** A part of a tree that is to be archived may not be read by this user. */
  | "SOURCE_UNREADABLE"
  /** This platform lacks the system calls that layers are applied with. */
  | "HOST_UNSUPPORTED";

/** An error of @a3s/rootfs; see {@link RootfsErrorCode}. */
export class RootfsError extends BoxError<RootfsErrorCode> {
  static override readonly errorName: string = "RootfsError";
}
