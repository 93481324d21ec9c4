/** Bytes of a header up to the ones that are looked at. */
export const QCOW2_HEADER_BYTES = 80;

/** QEMU's docs/interop/qcow2.txt: "QFI\xfb". */
const MAGIC = 0x514649fb;
/** Incompatible feature: guest data is in another file. */
const EXTERNAL_DATA = 1n << 2n;

/** What speaks against an image whose file begins so; undefined when it stands alone. Pure. */
export function qcow2Fault(header: Buffer): string | undefined {
  if (header.length < 24 || header.readUInt32BE(0) !== MAGIC) return "is no qcow2 image";
  const version = header.readUInt32BE(4);
  if (version !== 2 && version !== 3) return `has version ${version} of qcow2, not 2 or 3`;
  if (header.readBigUInt64BE(8) !== 0n) return "needs a backing file, which a VM does not get";
  if (version === 2) return undefined;
  if (header.length < QCOW2_HEADER_BYTES) return "is no whole qcow2 image";
  return (header.readBigUInt64BE(72) & EXTERNAL_DATA) === 0n
    ? undefined
    : "has its data in another file, which a VM does not get";
}
