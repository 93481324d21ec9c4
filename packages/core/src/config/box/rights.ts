import * as v from "valibot";

/** Whether programs such as sudo give a process rights that it has not: the kernel's no_new_privs is set unless they may. */
export const DEFAULT_NEW_PRIVILEGES = false;
/** Which system calls a process may make: those that container engines allow. */
export const DEFAULT_SECCOMP = "default";

export const newPrivileges = v.boolean();
export const seccomp = v.picklist(["default", "unconfined"]);
