import { expect, test } from "vitest";
import { parseBoxConfig } from "./box-config.ts";

const parse = (name: string, value = "1") => parseBoxConfig({ image: "a", sysctls: { [name]: value } }).sysctls;

test.each(["net.ipv4.ip_forward", "kernel.shmmax", "kernel.msg_next_id", "kernel.sem", "fs.mqueue.msg_max"])(
  "a box may set %s",
  (name) => {
    expect(parse(name)).toEqual({ [name]: "1" });
  },
);

test.each(["kernel.core_pattern", "vm.swappiness", "net", "net..x", "net.a/../b", "kernel.semaphore", ""])(
  "a box may not set %j",
  (name) => {
    expect(() => parse(name)).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
  },
);

test("a value is one line", () => {
  expect(() => parse("net.a", "1\n2")).toThrow(expect.objectContaining({ code: "CONFIG_INVALID" }));
});
