import { AgentError } from "../errors/agent-error.ts";

/** Longest path of a Unix socket in bytes: `sun_path` of unix(7) is 108 with its NUL on Linux, 104 on macOS. */
export const MAX_SOCKET_PATH_BYTES = process.platform === "darwin" ? 103 : 107;

/**
 * Refuses a path that a Unix socket cannot have. Node would cut such a path short and bind another one.
 *
 * @throws {@link AgentError} `SOCKET_PATH_TOO_LONG`
 */
export function checkSocketPath(path: string): string {
  const bytes = Buffer.byteLength(path);
  if (bytes > 0 && bytes <= MAX_SOCKET_PATH_BYTES) return path;
  throw new AgentError({
    code: "SOCKET_PATH_TOO_LONG",
    message: `The socket path ${JSON.stringify(path)} has ${bytes} bytes; 1 to ${MAX_SOCKET_PATH_BYTES} are possible`,
    hint: "Use a shorter directory, such as one under /run/user.",
    details: { bytes, maxBytes: MAX_SOCKET_PATH_BYTES },
  });
}
