import type { ByteString } from "../bytes/byte-string.ts";

/** Linux XATTR_NAME_MAX and XATTR_SIZE_MAX. */
export const MAX_XATTR_NAME_BYTES = 255;
export const MAX_XATTR_VALUE_BYTES = 65_536;

/**
 * Attributes that change what a mount shows: overlayfs reads its own (in `user.` when mounted with userxattr), fuse-overlayfs and
 * virtio-fs servers read ownership overrides. A layer that sets them would hide, redirect or re-own files behind the runtime's back.
 */
export const RESERVED_XATTRS: readonly string[] = [
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
  return RESERVED_XATTRS.some((prefix) => name.startsWith(prefix));
}

/**
 * Whether a copy between host and guest has an attribute: those of users, and with the owners the capabilities of programs, which
 * are worth what their owner is. A PAX record cannot have a name with "=".
 */
export function isCopiedXattr(name: ByteString, keepOwners: boolean): boolean {
  if (name === "security.capability") return keepOwners;
  return name.startsWith("user.") && !name.includes("=") && !isReservedXattr(name);
}
