import { randomBytes } from "node:crypto";

/** Identifier of a box: 12 characters of [a-z0-9], about 62 bits, short enough for socket paths and host names. */
export type BoxId = string;

const ALPHABET = "abcdefghijklmnopqrstuvwxyz0123456789";
const LENGTH = 12;

export function newBoxId(): BoxId {
  let id = "";
  while (id.length < LENGTH) {
    // Bytes from 252 up would favour the first letters: 252 is the largest multiple of 36 in a byte.
    for (const byte of randomBytes(LENGTH)) if (byte < 252 && id.length < LENGTH) id += ALPHABET[byte % 36];
  }
  return id;
}

export function isBoxId(value: unknown): value is BoxId {
  return typeof value === "string" && /^[a-z0-9]{12}$/.test(value);
}
