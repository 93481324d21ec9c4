import { expect, test } from "vitest";
import { QCOW2_HEADER_BYTES, qcow2Fault } from "./qcow2.ts";

function header(version: number, change: (bytes: Buffer) => void = () => {}): Buffer {
  const bytes = Buffer.alloc(QCOW2_HEADER_BYTES);
  bytes.write("QFI\xfb", "latin1");
  bytes.writeUInt32BE(version, 4);
  change(bytes);
  return bytes;
}

test.each([2, 3])("an image of version %s that stands alone is taken", (version) => {
  expect(qcow2Fault(header(version))).toBeUndefined();
});

test.each<[string, Buffer, string]>([
  ["nothing", Buffer.alloc(0), "no qcow2"],
  ["the beginning of one", header(3).subarray(0, 30), "no whole qcow2"],
  ["zeros", Buffer.alloc(QCOW2_HEADER_BYTES), "no qcow2"],
  ["a version to come", header(4), "version 4"],
  ["a layer upon another image", header(3, (bytes) => bytes.writeBigUInt64BE(0x1000n, 8)), "backing file"],
  ["one whose data is elsewhere", header(3, (bytes) => bytes.writeBigUInt64BE(0b101n, 72)), "in another file"],
])("%s is refused", (_, bytes, why) => {
  expect(qcow2Fault(bytes)).toContain(why);
});
