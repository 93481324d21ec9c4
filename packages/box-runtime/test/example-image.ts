/** The image that VM tests boot: the suite runner makes it and names it, `oci:DIRECTORY:TAG`. */
export function exampleImage(): string {
  const image = process.env["A3S_EXAMPLE_IMAGE"];
  if (image === undefined) throw new Error("A3S_EXAMPLE_IMAGE names no image; run VM tests by `npm test -- --only vm`");
  return image;
}

/** An emulated host boots guests 20 to 50 times slower than hardware. */
export const BOOT_TIMEOUT_MS = 120_000;

export function text(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
