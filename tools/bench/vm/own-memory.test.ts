import { expect, test } from "vitest";
import { ownMemory } from "./own-memory.ts";

const mapping = (rights: string, path: string, size: number, rss: number, pss: number, flags = "") => `\
7f0000000000-7f0000001000 ${rights} 00000000 00:19 4711                       ${path}
Size:           ${String(size).padStart(8)} kB
KernelPageSize:        4 kB
Rss:            ${String(rss).padStart(8)} kB
Pss:            ${String(pss).padStart(8)} kB
Pss_Dirty:             0 kB
VmFlags: rd wr mr mw me ac sd ${flags}
`;

const smaps = [
  mapping("rw-p", "", 802_816, 34_816, 34_816),
  mapping("r--p", "/lib/libkrunfw.so.5.2.1", 4, 4, 1),
  mapping("rw-p", "/lib/libkrunfw.so.5.2.1", 20_868, 15_876, 15_000),
  mapping("r-xp", "/lib/libkrun.so.1", 1776, 1000, 500),
  mapping("rw-p", "", 2048, 12, 12),
  mapping("---p", "", 65_404, 0, 0),
  mapping("rw-p", "[heap]", 132, 60, 60),
];

test("the guest's RAM and its kernel are the guest's, all else is the process's own", () => {
  expect(ownMemory(smaps.join(""), 256)).toEqual({
    ownKib: 4 + 1000 + 12 + 60,
    ownPssKib: 1 + 500 + 12 + 60,
    guestKib: 34_816 + 15_876,
  });
});

test("where huge pages are asked for, what they are asked for is the guest's", () => {
  const [, ...others] = smaps;
  const window = mapping("rw-p", "", 524_288, 0, 0, "hg ");
  const ram = [mapping("rw-p", "", 262_144, 30_720, 30_720, "hg "), mapping("rw-p", "", 16_384, 4096, 4096, "hg ")];
  expect(ownMemory([window, ...ram, ...others].join(""), 256)).toEqual({
    ownKib: 4 + 1000 + 12 + 60,
    ownPssKib: 1 + 500 + 12 + 60,
    guestKib: 30_720 + 4096 + 15_876,
  });
});

test("without a mapping that holds the guest, nothing is made up", () => {
  expect(() => ownMemory(smaps.join(""), 1024)).toThrow("1024 MiB");
  expect(() => ownMemory(smaps.slice(0, 1).join(""), 256)).toThrow("256 MiB");
});
