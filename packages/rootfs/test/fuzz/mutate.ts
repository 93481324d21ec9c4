import type { Random } from "@a3s/testing";

const BLOCK = 512;

type Mutation = (archive: Buffer, random: Random) => Buffer;

/** Offset and length of fields of a header. */
const FIELDS: readonly (readonly [number, number])[] = [
  [0, 100],
  [100, 8],
  [108, 8],
  [116, 8],
  [124, 12],
  [136, 12],
  [156, 1],
  [157, 100],
  [257, 8],
  [329, 8],
  [345, 155],
  [386, 97],
  [482, 13],
];

const SIZES = ["00000000000\0", "00000000001\0", "77777777777\0", "00000001000\0", "            ", "-0000000001\0"];
const BINARY_SIZES = ["800000000000000000000200", "ffffffffffffffffffffffff", "80ffffffffffffffffffffff"];
const TYPEFLAGS = ["0", "1", "2", "3", "4", "5", "6", "7", "\0", "x", "g", "L", "K", "S", "M", "V", "\xff"];

const bitFlips: Mutation = (archive, random) => {
  for (let count = 1 + random.below(4); count > 0; count--) {
    const at = random.below(archive.length);
    archive[at] = (archive[at] as number) ^ (1 << random.below(8));
  }
  return archive;
};

const truncate: Mutation = (archive, random) =>
  archive.subarray(0, random.chance(0.5) ? random.below(archive.length) : BLOCK * random.below(archive.length / BLOCK));

const duplicate: Mutation = (archive, random) => {
  const [from, to] = [randomBlock(archive, random), randomBlock(archive, random)];
  const piece = archive.subarray(from, from + BLOCK * (1 + random.below(3)));
  return Buffer.concat([archive.subarray(0, to), piece, archive.subarray(to)]);
};

const remove: Mutation = (archive, random) => {
  const at = randomBlock(archive, random);
  return Buffer.concat([archive.subarray(0, at), archive.subarray(at + BLOCK)]);
};

const noise: Mutation = (archive, random) => {
  const at = randomBlock(archive, random);
  return Buffer.concat([archive.subarray(0, at), random.bytes(random.below(1500)), archive.subarray(at)]);
};

/** Changes a field of a header, and its checksum so that it is believed. */
const field: Mutation = (archive, random) => {
  const headers = headersOf(archive);
  if (headers.length === 0) return archive;
  const header = random.pick(headers);
  const block = archive.subarray(header, header + BLOCK);
  const kind = random.below(4);
  if (kind === 0) block.write(random.pick(SIZES), 124, 12, "latin1");
  else if (kind === 1) Buffer.from(random.pick(BINARY_SIZES), "hex").copy(block, 124);
  else if (kind === 2) block.write(random.pick(TYPEFLAGS), 156, 1, "latin1");
  else {
    const [offset, length] = random.pick(FIELDS);
    random.bytes(1 + random.below(length)).copy(block, offset);
  }
  writeChecksum(block);
  return archive;
};

/** Changes a byte of an extension header's body, or of a file's content. */
const body: Mutation = (archive, random) => {
  const at = randomBlock(archive, random) + random.below(40);
  if (at < archive.length) archive[at] = random.pick([0, 0x0a, 0x20, 0x2e, 0x2f, 0x30, 0x39, 0x3d, 0xff]);
  return archive;
};

/** A broken form of an archive; `other` is one to take pieces from. */
export function mutate(archive: Buffer, other: Buffer, random: Random): Buffer {
  const splice: Mutation = () => {
    const at = randomBlock(archive, random);
    return Buffer.concat([archive.subarray(0, at), other.subarray(randomBlock(other, random))]);
  };
  const mutations = [bitFlips, truncate, duplicate, remove, noise, field, field, field, body, body, splice];
  let mutated = Buffer.from(archive);
  for (let count = 1 + random.below(3); count > 0 && mutated.length > 0; count--) {
    mutated = Buffer.from(random.pick(mutations)(mutated, random));
  }
  return mutated;
}

function randomBlock(archive: Buffer, random: Random): number {
  return BLOCK * random.below(archive.length / BLOCK);
}

function headersOf(archive: Buffer): readonly number[] {
  const offsets: number[] = [];
  for (let at = 0; at + BLOCK <= archive.length; at += BLOCK) {
    const stored = Number.parseInt(archive.toString("latin1", at + 148, at + 154), 8);
    if (stored === checksum(archive.subarray(at, at + BLOCK))) offsets.push(at);
  }
  return offsets;
}

function writeChecksum(block: Buffer): void {
  block.write(`${checksum(block).toString(8).padStart(6, "0")}\0 `, 148, 8, "latin1");
}

function checksum(block: Buffer): number {
  return block.reduce((sum, byte, at) => sum + (at >= 148 && at < 156 ? 0x20 : byte), 0);
}
