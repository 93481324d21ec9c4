/** Bytes of a cluster: 2^16, QEMU's default. */
const CLUSTER = 1 << 16;
/** In tables of offsets: this is the only reference to the cluster. */
const SOLE = 1n << 63n;

/** A qcow2 image (version 2) of 1 MiB that begins with some text; QEMU's docs/interop/qcow2.txt. */
export function qcow2Image(text: string): Buffer {
  const cluster = { refcountTable: 1, refcounts: 2, l1: 3, l2: 4, data: 5 };
  const at = (number: number) => BigInt(number * CLUSTER);
  const image = Buffer.alloc(6 * CLUSTER);
  image.write("QFI\xfb", "latin1");
  image.writeUInt32BE(2, 4);
  image.writeUInt32BE(16, 20);
  image.writeBigUInt64BE(1n << 20n, 24);
  image.writeUInt32BE(1, 36);
  image.writeBigUInt64BE(at(cluster.l1), 40);
  image.writeBigUInt64BE(at(cluster.refcountTable), 48);
  image.writeUInt32BE(1, 56);
  image.writeBigUInt64BE(at(cluster.refcounts), cluster.refcountTable * CLUSTER);
  for (let number = 0; number < 6; number++) image.writeUInt16BE(1, cluster.refcounts * CLUSTER + 2 * number);
  image.writeBigUInt64BE(at(cluster.l2) | SOLE, cluster.l1 * CLUSTER);
  image.writeBigUInt64BE(at(cluster.data) | SOLE, cluster.l2 * CLUSTER);
  image.write(text, cluster.data * CLUSTER);
  return image;
}
