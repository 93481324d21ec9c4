import type { ByteString } from "../bytes/byte-string.ts";

/** Linux XATTR_NAME_MAX and XATTR_SIZE_MAX. */
export const MAX_XATTR_NAME_BYTES = 255;
export const MAX_XATTR_VALUE_BYTES = 65_536;

/**
 * Attributes that change what a mount shows: overlayfs reads its own (in `user.` when mounted with userxattr), fuse-overlayfs and
 * virtio-fs servers read ownership overrides. A layer that sets them would hide, redirect or re-own files behind the runtime's back.
 */
const RESERVED = [
  "trusted.overlay.",
  "user.overlay.",
  "user.fuseoverlayfs.",
  "user.containers.",
  "user.virtiofsd.",
  "trusted.virtiofs.",
  "user.a3s.",
  "trusted.a3s.",
  "security.a3s.",
];

export function isReservedXattr(name: ByteString): boolean {
  return RESERVED.some((prefix) => name.startsWith(prefix));
}
