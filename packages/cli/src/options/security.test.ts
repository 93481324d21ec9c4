import { expect, test } from "vitest";
import { parseSecurityOptions } from "./security.ts";

test.each([
  [[], {}],
  [["no-new-privileges"], { newPrivileges: false }],
  [["no-new-privileges:false"], { newPrivileges: true }],
  [["no-new-privileges=true", "seccomp=unconfined"], { newPrivileges: false, seccomp: "unconfined" }],
  [["seccomp:unconfined", "seccomp=default"], { seccomp: "default" }],
])("%j", (entries, options) => {
  expect(parseSecurityOptions(entries)).toEqual(options);
});

test.each(["", "seccomp", "seccomp=profile.json", "apparmor=unconfined", "no-new-privileges=maybe"])(
  "%j is refused",
  (text) => {
    expect(() => parseSecurityOptions([text])).toThrow("is none of no-new-privileges");
  },
);
