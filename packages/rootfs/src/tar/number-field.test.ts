import { expect, test } from "vitest";
import { readNumberField } from "./number-field.ts";

const read = (bytes: Buffer) => readNumberField(bytes, 0, bytes.length, "size");

test.each([
  ["NUL-terminated", "0000644\0", 0o644],
  ["space-terminated", "000644 \0", 0o644],
  ["space-padded", "    644\0", 0o644],
  ["without terminator", "77777777", 0o77777777],
  ["blank", "       \0", 0],
  ["zeros", "\0\0\0\0\0\0\0\0", 0],
])("octal, %s", (_, field, value) => {
  expect(read(Buffer.from(field, "latin1"))).toBe(value);
});

test.each([
  ["8000000000000001", 1],
  ["800000000000000100000000", 2 ** 32],
  ["ffffffffffffffff", -1],
  ["fffffffffffffe00", -512],
])("base 256, %s", (hex, value) => {
  expect(read(Buffer.from(hex, "hex"))).toBe(value);
});

test.each([
  ["a digit that is not octal", Buffer.from("0000008\0")],
  ["a sign", Buffer.from("-000001\0")],
  ["text after the number", Buffer.from("0644\0x\0\0")],
  ["more than a double holds", Buffer.from("80ffffffffffffffffffffff", "hex")],
])("%s is refused", (_, field) => {
  expect(() => read(field)).toThrow(expect.objectContaining({ code: "LAYER_INVALID" }));
});
