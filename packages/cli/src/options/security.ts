import type { BoxConfigInput } from "@a3s/box-runtime";
import { InvalidArgumentError } from "commander";

/** What of docker's `--security-opt` has a meaning in a box. */
export function parseSecurityOptions(entries: readonly string[]): Pick<BoxConfigInput, "newPrivileges" | "seccomp"> {
  return Object.assign({}, ...entries.map(parseSecurityOption));
}

function parseSecurityOption(text: string): Pick<BoxConfigInput, "newPrivileges" | "seccomp"> {
  // docker takes a colon for the equals sign as well.
  switch (text.replace(":", "=")) {
    case "no-new-privileges":
    case "no-new-privileges=true":
      return { newPrivileges: false };
    case "no-new-privileges=false":
      return { newPrivileges: true };
    case "seccomp=unconfined":
      return { seccomp: "unconfined" };
    case "seccomp=default":
      return { seccomp: "default" };
    default:
      throw new InvalidArgumentError(
        `${JSON.stringify(text)} is none of no-new-privileges[=false], seccomp=unconfined, seccomp=default`,
      );
  }
}
