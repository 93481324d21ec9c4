/** Type bits of a mode, from stat(2). */
export const S_IFIFO = 0o010000;
export const S_IFCHR = 0o020000;
export const S_IFBLK = 0o060000;

/** A dev_t as glibc and musl lay it out, for major numbers up to 12 and minor numbers up to 20 bits. */
export function deviceNumber(major: number, minor: number): number {
  return (minor & 0xff) + major * 0x100 + (minor >>> 8) * 0x10_0000;
}

/** The other way round. */
export function deviceParts(device: bigint): { readonly major: number; readonly minor: number } {
  return { major: Number((device >> 8n) & 0xfffn), minor: Number((device & 0xffn) | ((device >> 12n) & 0xfff00n)) };
}
