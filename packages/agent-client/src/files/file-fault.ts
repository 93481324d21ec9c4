import { ConnectError } from "@connectrpc/connect";
import { AgentError, type AgentErrorCode } from "../errors/agent-error.ts";
import { guestText } from "../errors/guest-text.ts";
import { FileFaultSchema } from "../gen/a3s/agent/v1/files_pb.ts";
import { linuxErrno } from "./linux-errno.ts";

interface Fault {
  readonly code: AgentErrorCode;
  readonly hint: string;
}

const INVALID: Fault = { code: "FILE_INVALID", hint: "Correct the arguments of the call." };
const OTHER: Fault = { code: "FILE_FAILED", hint: "`details.errno` says what the guest's kernel answered." };
const NO_SPACE: Fault = {
  code: "FILE_NO_SPACE",
  hint: "Remove files in the guest, or give the box more memory or a larger disk.",
};
const DENIED: Fault = { code: "FILE_ACCESS_DENIED", hint: "Act as a user who may, by the option `user`." };

const FAULTS: ReadonlyMap<string | undefined, Fault> = new Map([
  [undefined, INVALID],
  ["EINVAL", INVALID],
  ["ENAMETOOLONG", INVALID],
  ["ELOOP", INVALID],
  ["ENOENT", { code: "FILE_NOT_FOUND", hint: "Create the file, or the directories above it, first." }],
  ["EEXIST", { code: "FILE_EXISTS", hint: "Remove what is there first, or choose another name." }],
  ["EACCES", DENIED],
  ["EPERM", DENIED],
  ["EROFS", { code: "FILE_READ_ONLY", hint: "The file is in a root or volume that is mounted read-only." }],
  ["ENOTDIR", { code: "FILE_NOT_DIRECTORY", hint: "Something on the path is no directory." }],
  ["EISDIR", { code: "FILE_IS_DIRECTORY", hint: "Name a file; `recursive` lets rm take a directory." }],
  ["ENOTEMPTY", { code: "FILE_NOT_EMPTY", hint: "Remove what is in the directory first." }],
  ["EOPNOTSUPP", { code: "FILE_UNSUPPORTED", hint: "Only regular files are read and written." }],
  ["ENOSPC", NO_SPACE],
  ["EDQUOT", NO_SPACE],
]);

/** What the agent says of a call about a file; anything else that it failed with is handed back as it is. */
export function fileFault(error: unknown): unknown {
  if (!(error instanceof ConnectError)) return error;
  const [fault] = error.findDetails(FileFaultSchema);
  if (fault === undefined) return error;
  const errno = linuxErrno(fault.errno);
  const { code, hint } = FAULTS.get(errno) ?? OTHER;
  return new AgentError({
    code,
    message: `The guest refused: ${guestText(error.rawMessage)}`,
    hint,
    details: errno === undefined ? {} : { errno },
    cause: error,
  });
}
