/**
 * A file name, path or link target as the bytes it is, one character per byte (0 to 255).
 *
 * Linux names are bytes. Decoding them as UTF-8 would map different names to one, so names stay bytes from the tar stream to the system call.
 */
export type ByteString = string;

export function byteString(bytes: Uint8Array): ByteString {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1");
}

/** The bytes with the NUL at their end that system calls want. */
export function nulTerminated(value: ByteString): Buffer {
  return Buffer.from(`${value}\0`, "latin1");
}

/** For people and JSON: decoded as UTF-8, bytes that are none replaced. */
export function readable(value: ByteString): string {
  return Buffer.from(value, "latin1").toString("utf8");
}
