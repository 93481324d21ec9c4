import { basename } from "node:path/posix";
import * as v from "valibot";

/** unix(7): `sun_path` has 108 bytes, one of them for the end. */
export const MAX_SOCKET_PATH_BYTES = 107;
/** limits.h: PATH_MAX has 4096 bytes, one of them for the end. */
const MAX_PATH_BYTES = 4095;

/** A path that means the same to every process. */
export const absolutePath = v.pipe(
  v.string(),
  v.startsWith("/", "must be an absolute path"),
  v.maxBytes(MAX_PATH_BYTES, `must have at most ${MAX_PATH_BYTES} bytes`),
  v.check((text) => !text.includes("\0"), "must not hold a NUL byte"),
);

/** What is left for a name where the VM process sees the socket: `/sockets/NNNN/NAME`. */
const MAX_SOCKET_NAME_BYTES = MAX_SOCKET_PATH_BYTES - "/sockets/NNNN/".length;

/** Where a Unix socket can be. */
export const socketPath = v.pipe(
  absolutePath,
  v.maxBytes(MAX_SOCKET_PATH_BYTES, `must have at most ${MAX_SOCKET_PATH_BYTES} bytes`),
  v.check(
    (path) => Buffer.byteLength(basename(path)) <= MAX_SOCKET_NAME_BYTES,
    `must end in a name of at most ${MAX_SOCKET_NAME_BYTES} bytes`,
  ),
  v.check((path) => !/\/\.{0,2}$/.test(path), "must end in a name"),
);
