import type { Architecture, Rule } from "./rules.ts";

/** Offsets in `struct seccomp_data`: linux/seccomp.h. */
const NUMBER = 0;
const ARCHITECTURE = 4;
const ARGUMENTS = 16;
/** linux/audit.h. */
const AUDIT_ARCH: Readonly<Record<Architecture, number>> = { x64: 0xc000_003e, arm64: 0xc000_00b7 };
/** x32 shares x86-64's architecture, and has numbers of its own from here. */
const FIRST_OF_X32 = 0x4000_0000;
/** linux/bpf_common.h. */
const LOAD = 0x20;
const AND = 0x54;
const IF_EQUAL = 0x15;
const IF_AT_LEAST = 0x35;
const ANSWER = 0x06;
/** linux/seccomp.h. */
const ALLOW = 0x7fff_0000;
const FAIL = 0x0005_0000;
const KILL = 0x8000_0000;

/** `struct sock_filter`: what is compared holds or fails by so many instructions. */
export type Instruction = readonly [code: number, holds: number, fails: number, operand: number];

const load = (offset: number): Instruction => [LOAD, 0, 0, offset];
const answer = (value: number): Instruction => [ANSWER, 0, 0, value];

/** A filter that ends the process at every call that has no rule, or does not fit it. Pure. */
export function compile(architecture: Architecture, rules: readonly Rule[]): Instruction[] {
  return [
    load(ARCHITECTURE),
    [IF_EQUAL, 1, 0, AUDIT_ARCH[architecture]],
    answer(KILL),
    load(NUMBER),
    [IF_AT_LEAST, 0, 1, FIRST_OF_X32],
    answer(KILL),
    ...rules.flatMap((rule): Instruction[] => {
      const judged = judge(rule);
      return [[IF_EQUAL, 0, judged.length, rule.number], ...judged];
    }),
    answer(KILL),
  ];
}

/** Ends in an answer in every case. */
function judge({ argument, patterns = [], fails }: Rule): Instruction[] {
  if (argument === undefined) return [answer(fails === undefined ? ALLOW : FAIL | fails)];
  const tried = patterns.flatMap(({ mask, value }): Instruction[] => [
    // The low half: both architectures are little-endian.
    load(ARGUMENTS + 8 * argument),
    [AND, 0, 0, mask],
    [IF_EQUAL, 0, 1, value],
    answer(ALLOW),
  ]);
  return [...tried, answer(KILL)];
}

/** As the kernel takes it. */
export function encode(program: readonly Instruction[]): Buffer {
  const bytes = Buffer.alloc(8 * program.length);
  for (const [at, [code, holds, fails, operand]] of program.entries()) {
    bytes.writeUInt16LE(code, 8 * at);
    bytes.writeUInt8(holds, 8 * at + 2);
    bytes.writeUInt8(fails, 8 * at + 3);
    bytes.writeUInt32LE(operand >>> 0, 8 * at + 4);
  }
  return bytes;
}
