const SETUP_SECTORS = 0x1f1;
const MAGIC = 0x202;
const PAYLOAD_OFFSET = 0x248;
const PAYLOAD_LENGTH = 0x24c;
const XZ_MAGIC = Buffer.from([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00]);

/**
 * The xz-compressed kernel inside a bzImage (Documentation/arch/x86/boot.rst), or undefined when it is packed in
 * another way. The payload ends with four bytes that hold its unpacked size and are no part of the xz stream.
 */
export function xzPayload(bzImage: Buffer): Buffer | undefined {
  if (bzImage.toString("latin1", MAGIC, MAGIC + 4) !== "HdrS") return undefined;
  const setupSectors = bzImage.readUInt8(SETUP_SECTORS) || 4;
  const start = (setupSectors + 1) * 512 + bzImage.readUInt32LE(PAYLOAD_OFFSET);
  const payload = bzImage.subarray(start, start + bzImage.readUInt32LE(PAYLOAD_LENGTH) - 4);
  return payload.subarray(0, XZ_MAGIC.length).equals(XZ_MAGIC) ? payload : undefined;
}
