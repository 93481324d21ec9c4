import { expect, test } from "vitest";
import {
  formatSubnet,
  freeHost,
  freeSubnet,
  gatewayOf,
  memberOf,
  overlap,
  parseSubnet,
  type Subnet,
} from "./subnet.ts";

const subnet = (text: string): Subnet => {
  const parsed = parseSubnet(text);
  if (typeof parsed === "string") throw new Error(parsed);
  return parsed;
};

test.each(["10.163.7.0/24", "172.31.255.0/24", "192.168.1.128/25", "10.0.0.248/29"])("%s is one", (text) => {
  expect(formatSubnet(subnet(text))).toBe(text);
});

test.each<[text: string, why: string]>([
  ["10.163.7.0", "number of bits"],
  ["10.163.300.0/24", "IPv4"],
  ["fd00::/24", "IPv4"],
  ["10.163.0.0/16", "/24 to /29"],
  ["10.163.7.0/30", "/24 to /29"],
  ["10.163.7.1/24", "first address"],
  ["8.8.8.0/24", "nobody's"],
  ["172.32.0.0/24", "nobody's"],
])("%s is none: %s", (text, why) => {
  expect(parseSubnet(text)).toContain(why);
});

test("the first free one is taken, around what overlaps it", () => {
  expect(freeSubnet([])).toEqual(subnet("10.163.0.0/24"));
  const taken = [subnet("10.163.1.64/29"), subnet("10.163.0.0/24"), subnet("192.168.0.0/24")];
  expect(freeSubnet(taken)).toEqual(subnet("10.163.2.0/24"));
  const all = Array.from({ length: 256 }, (_, third) => subnet(`10.163.${third}.0/24`));
  expect(freeSubnet(all)).toBeUndefined();
  expect(overlap(subnet("10.0.0.0/25"), subnet("10.0.0.128/25"))).toBe(false);
});

test("addresses are given from the second one on, but the last, and hardware addresses follow from them", () => {
  expect(gatewayOf(subnet("10.163.7.0/24"))).toEqual({ address: "10.163.7.1", mac: "02:a3:0a:a3:07:01" });
  const small = subnet("192.168.1.8/29");
  const given: number[] = [];
  for (let host = freeHost(small, new Set()); host !== undefined; host = freeHost(small, new Set(given))) {
    given.push(host);
  }
  expect(given).toEqual([10, 11, 12, 13, 14]);
  expect(memberOf(small, 14)).toEqual({ address: "192.168.1.14", mac: "02:a3:c0:a8:01:0e" });
});
