import { expect, test } from "vitest";
import { kernelPackage, newestPackage } from "./kernel.ts";
import { xzPayload } from "./vmlinux.ts";

test("the kernel package is the one that the meta package depends on", () => {
  expect(kernelPackage("linux-image-amd64\n  Depends: linux-image-6.1.0-56-amd64\n")).toBe(
    "linux-image-6.1.0-56-amd64",
  );
  expect(kernelPackage("")).toBeUndefined();
});

test("versions are compared as numbers, and what is no kernel package is left out", () => {
  const files = ["linux-image-6.1.0-100-amd64_1.deb", "linux-image-6.1.0-56-amd64_1.deb", "boot-ff", "zzz.deb"];
  expect(newestPackage(files)).toBe("linux-image-6.1.0-100-amd64_1.deb");
  expect(newestPackage(["boot-ff"])).toBeUndefined();
});

/** A bzImage with one setup sector, whose payload of 12 bytes starts 16 bytes into the protected-mode code. */
function bzImage(payload: readonly number[]): Buffer {
  const image = Buffer.alloc(1024 + 64);
  image.writeUInt8(1, 0x1f1);
  image.write("HdrS", 0x202, "latin1");
  image.writeUInt32LE(16, 0x248);
  image.writeUInt32LE(12, 0x24c);
  Buffer.from(payload).copy(image, 1024 + 16);
  return image;
}

test("the xz stream in a bzImage ends before the unpacked size", () => {
  const payload = xzPayload(bzImage([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2, 9, 9, 9, 9]));
  expect(payload && [...payload]).toEqual([0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00, 1, 2]);
});

test("a kernel that is packed in another way, or no bzImage, has no xz stream", () => {
  expect(xzPayload(bzImage([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]))).toBeUndefined();
  expect(xzPayload(Buffer.alloc(2048))).toBeUndefined();
});
