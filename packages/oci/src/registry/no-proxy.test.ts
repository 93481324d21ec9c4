import { expect, test } from "vitest";
import { isExcluded } from "./no-proxy.ts";

test.each([
  ["https://reg.lan/", "", false],
  ["https://reg.lan/", "*", true],
  ["https://reg.lan/", "reg.lan", true],
  ["https://reg.lan/", "a.io, REG.lan", true],
  ["https://reg.lan/", "a.io reg.lan", true],
  ["https://sub.reg.lan/", "reg.lan", true],
  ["https://myreg.lan/", "reg.lan", false],
  ["https://sub.reg.lan/", ".reg.lan", true],
  ["https://reg.lan/", ".reg.lan", false],
  ["https://sub.reg.lan/", "*.reg.lan", true],
  ["https://reg.lan/", "*.reg.lan", false],
  ["https://reg.lan/", "reg.lan:443", true],
  ["http://reg.lan/", "reg.lan:80", true],
  ["https://reg.lan:5000/", "reg.lan:5000", true],
  ["https://reg.lan:5000/", "reg.lan:443", false],
  ["https://10.1.2.3/", "10.0.0.0/8", true],
  ["https://11.1.2.3/", "10.0.0.0/8", false],
  ["https://10.1.2.3/", "10.1.2.3", true],
  ["https://10.1.2.3:5000/", "10.1.2.3:5000", true],
  ["https://10.1.2.3/", "1.2.3", false],
  ["https://10.1.2.3/", "10.0.0.0/99", false],
  ["https://reg.lan/", "10.0.0.0/8", false],
  ["https://[fd00::1]/", "fd00::/8", true],
  ["https://[fd00::1]/", "fd00::1", true],
  ["https://[fd00::1]:5000/", "[fd00::1]:5000", true],
  ["https://[fd00::1]/", "10.0.0.0/8", false],
])("%s with NO_PROXY=%s: %s", (url, list, expected) => {
  expect(isExcluded(new URL(url), list)).toBe(expected);
});
