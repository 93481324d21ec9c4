import { layerFault } from "../errors/layer-fault.ts";

/**
 * A number of a tar header: octal digits (POSIX.1-1988), or base 256 with the top bit of the first byte set (GNU, star), where the
 * second bit is the sign. A blank field is 0.
 *
 * Anything else is refused: readers that stop at the first odd character disagree about where the next header is.
 */
export function readNumberField(block: Buffer, offset: number, length: number, what: string): number {
  const first = block[offset] as number;
  if ((first & 0x80) !== 0) return readBase256(block, offset, length, what);
  let start = offset;
  let end = offset + length;
  while (start < end && isBlank(block[start] as number)) start++;
  while (end > start && isBlank(block[end - 1] as number)) end--;
  let value = 0;
  for (let index = start; index < end; index++) {
    const digit = (block[index] as number) - 0x30;
    if (digit < 0 || digit > 7) throw layerFault("LAYER_INVALID", `The ${what} of a tar header is no octal number`);
    value = value * 8 + digit;
  }
  return value;
}

/** Whether a field holds a number, for fields that may hold something else. */
export function isNumberField(block: Buffer, offset: number, length: number): boolean {
  try {
    readNumberField(block, offset, length, "field");
    return true;
  } catch {
    return false;
  }
}

function isBlank(byte: number): boolean {
  return byte === 0x20 || byte === 0;
}

function readBase256(block: Buffer, offset: number, length: number, what: string): number {
  const negative = ((block[offset] as number) & 0x40) !== 0;
  // Two's complement over all bits of the field but the first.
  let value = negative ? -1n : 0n;
  for (let index = 0; index < length; index++) {
    const byte = block[offset + index] as number;
    value = (value << 8n) | BigInt(index === 0 ? (negative ? byte | 0x80 : byte & 0x7f) : byte);
  }
  const number = Number(value);
  if (!Number.isSafeInteger(number)) throw layerFault("LAYER_INVALID", `The ${what} of a tar header is out of range`);
  return number;
}
