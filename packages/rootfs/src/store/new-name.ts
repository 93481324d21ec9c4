import { randomBytes } from "node:crypto";

/** A file name that nobody else has. */
export function newName(): string {
  return randomBytes(12).toString("hex");
}
