import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { ALLOWED, JUDGED, numberOf } from "./calls.ts";
import { compile, encode } from "./program.ts";
import { type Architecture, vmRules } from "./rules.ts";

const ALLOW = 0x7fff_0000;
const KILL = 0x8000_0000;
const ARCHITECTURES = { x64: 0xc000_003e, arm64: 0xc000_00b7 } as const;
const PID = 4711;

/** What the kernel would answer, by the bytes that it gets. */
function answer(
  { on = "x64", network = "isolated" }: { readonly on?: Architecture; readonly network?: "isolated" | "host" },
  call: { readonly number: number; readonly architecture?: number; readonly args?: readonly number[] },
): number {
  const program = encode(compile(on, vmRules(on, network, PID)));
  const data = [call.number, call.architecture ?? ARCHITECTURES[on]];
  let accumulator = 0;
  for (let at = 0; ; at += 8) {
    const operand = program.readUInt32LE(at + 4);
    const [holds, fails] = [program.readUInt8(at + 2), program.readUInt8(at + 3)];
    switch (program.readUInt16LE(at)) {
      case 0x20:
        accumulator = (operand < 16 ? data[operand / 4] : call.args?.[(operand - 16) / 8]) ?? 0;
        break;
      case 0x54:
        accumulator = (accumulator & operand) >>> 0;
        break;
      case 0x15:
        at += 8 * (accumulator === operand ? holds : fails);
        break;
      case 0x35:
        at += 8 * (accumulator >= operand ? holds : fails);
        break;
      default:
        return operand;
    }
  }
}

const { read } = ALLOWED;
const number = (call: keyof typeof JUDGED) => numberOf(JUDGED[call], "x64") as number;

test("a call of a VM passes, any other ends it, and so does another architecture", () => {
  expect(answer({}, { number: read?.[0] as number })).toBe(ALLOW);
  expect(answer({ on: "arm64" }, { number: read?.[1] as number })).toBe(ALLOW);
  // execve, ptrace, mount, kill, and what nobody knows.
  for (const refused of [59, 101, 165, 62, 9999]) expect(answer({}, { number: refused })).toBe(KILL);
  expect(answer({}, { number: 0x4000_0000 })).toBe(KILL);
  expect(answer({}, { number: read?.[0] as number, architecture: 0x4000_0003 })).toBe(KILL);
});

test.each<[keyof typeof JUDGED, readonly number[], number]>([
  ["ioctl", [0, 0xae80], ALLOW],
  ["ioctl", [0, 0x5412], KILL],
  ["clone", [0x003d_0f00], ALLOW],
  ["clone", [0x007d_0f00], ALLOW],
  ["clone", [17], KILL],
  ["clone3", [0], 0x0005_0000 | 38],
  ["mmap", [0, 0, 3], ALLOW],
  ["mmap", [0, 0, 7], KILL],
  ["mprotect", [0, 0, 4], KILL],
  ["socket", [1], ALLOW],
  ["socket", [2], KILL],
  ["tgkill", [PID], ALLOW],
  ["tgkill", [1], KILL],
  ["prctl", [22], KILL],
  ["fcntl", [0, 8], KILL],
  ["unshare", [0x2000_0000], KILL],
])("%s(%j): %i", (call, args, expected) => {
  expect(answer({}, { number: number(call), args })).toBe(expected);
});

test("a guest that has the host's sockets may make them", () => {
  expect(answer({ network: "host" }, { number: number("socket"), args: [10] })).toBe(ALLOW);
  expect(answer({ network: "host" }, { number: number("socket"), args: [16] })).toBe(KILL);
});

test("the calls are those of the native vm-host, but for one that only it makes", () => {
  const native = join(import.meta.dirname, "../../../../../../native/vm-host/src/jail/seccomp/calls.rs");
  const names = new Set([...readFileSync(native, "utf8").matchAll(/\bSYS_(\w+)/g)].map(([, name]) => name));
  // docs/decisions/0038
  expect(names.delete("sched_setscheduler")).toBe(true);
  expect([...Object.keys(JUDGED), ...Object.keys(ALLOWED)].toSorted()).toEqual([...names].toSorted());
});

/** What AArch64 takes of the generic table. */
const WANTED = [
  "-D__ARCH_WANT_SYS_CLONE3",
  "-D__ARCH_WANT_NEW_STAT",
  "-D__ARCH_WANT_RENAMEAT",
  "-D__ARCH_WANT_SET_GET_RLIMIT",
];

test("the numbers are those of the system's headers", () => {
  const headers = (file: string) =>
    execFileSync("cc", ["-E", "-dM", ...WANTED, "-include", file, "-x", "c", "/dev/null"], { encoding: "utf8" });
  const numbers = (text: string) =>
    new Map(
      [...text.matchAll(/^#define __NR(?:3264)?_(\w+) (\d+)$/gm)].map(([, name, value]) => [name, Number(value)]),
    );
  const [x64, generic] = [numbers(headers("asm/unistd_64.h")), numbers(headers("asm-generic/unistd.h"))];
  for (const [name, [onX64, onArm64]] of Object.entries({ ...JUDGED, ...ALLOWED })) {
    // Newer than the headers of Debian 12.
    if (name === "fchmodat2") continue;
    expect([name, onX64]).toEqual([name, x64.get(name)]);
    const other = name === "newfstatat" ? "fstatat" : name;
    if (onArm64 !== null) expect([name, onArm64]).toEqual([name, generic.get(other)]);
  }
});
