import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { isCopiedXattr, RESERVED_XATTRS } from "./reserved-xattr.ts";

test("the guest agent leaves out of copies what is reserved here", async () => {
  const source = await readFile(new URL("../../../../native/guest-agent/src/files/xattrs.rs", import.meta.url), "utf8");
  const [, table = ""] = /RESERVED: \[&str; \d+\] = \[(.*?)\];/s.exec(source) ?? [];
  const ofUsers = RESERVED_XATTRS.filter((prefix) => prefix.startsWith("user."));
  expect([...table.matchAll(/"([\w.]+)"/g)].map(([, prefix]) => prefix)).toEqual(ofUsers);
});

test.each([
  ["user.mine", true, true],
  ["security.capability", true, false],
  ["security.selinux", false, false],
  ["trusted.mine", false, false],
  ["system.posix_acl_access", false, false],
  ["user.overlay.opaque", false, false],
  ["user.a=b", false, false],
])("a copy has %s: with owners %s, without %s", (name, withOwners, without) => {
  expect([isCopiedXattr(name, true), isCopiedXattr(name, false)]).toEqual([withOwners, without]);
});
