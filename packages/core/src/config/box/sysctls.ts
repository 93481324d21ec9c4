import * as v from "valibot";
import { named } from "../fields.ts";
import { text } from "../text.ts";

/** Most parameters of a box. */
const MAX_SYSCTLS = 256;

/** Those that container engines let a container set: of the guest's own network, System V IPC and message queues. */
const SETTABLE = /^(net|fs\.mqueue|kernel\.sem$|kernel\.shm[a-z_]*$|kernel\.msg[a-z_]*$)(\.[a-z0-9_-]+)*$/i;

/** Parameters of the guest's kernel and their values, sysctl(8). */
export const sysctls = named(
  v.pipe(
    text,
    v.check(
      (name) => SETTABLE.test(name) && name !== "net" && name !== "fs.mqueue",
      "must be a parameter that a box may set: net.*, kernel.shm*, kernel.msg*, kernel.sem, fs.mqueue.*",
    ),
  ),
  v.pipe(text, v.maxBytes(1024, "must have at most 1024 bytes"), v.regex(/^[^\n]*$/, "must be one line")),
  { most: MAX_SYSCTLS },
);
