import { createHash, randomBytes } from "node:crypto";
import { fstatSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { NewFile } from "./new-file.ts";

function newFile() {
  const directory = mkdtempSync(join(tmpdir(), "a3s-new-file-"));
  const path = join(directory, "file");
  const file = new NewFile(openSync(path, "wx"));
  onTestFinished(() => {
    file[Symbol.dispose]();
    rmSync(directory, { recursive: true });
  });
  return { file, path };
}

const DATA = randomBytes(5000);
const ZEROS = Buffer.alloc(4 * 1024 * 1024);

test.each([1, 512, 65_536, 1_000_003])("blocks of zeros in pieces of %i bytes are holes", (size) => {
  const { file, path } = newFile();
  const content = size === 1 ? Buffer.concat([DATA, Buffer.alloc(20_000)]) : Buffer.concat([DATA, ZEROS, DATA, ZEROS]);
  for (let offset = 0; offset < content.length; offset += size) {
    file.writeWithHoles(content.subarray(offset, offset + size));
  }
  expect(Buffer.from(file.finish(), "latin1")).toEqual(createHash("sha256").update(content).digest());
  expect(readFileSync(path).equals(content)).toBe(true);
  expect(fstatSync(file.descriptor).blocks * 512).toBeLessThan(65_536);
});

test("a file that is all zeros, and one that is nothing, have their sizes", () => {
  const zeros = newFile();
  zeros.file.writeWithHoles(ZEROS);
  zeros.file.finish();
  expect(fstatSync(zeros.file.descriptor)).toMatchObject({ size: ZEROS.length, blocks: 0 });
  const nothing = newFile();
  nothing.file.writeWithHoles(Buffer.alloc(0));
  nothing.file.finish();
  expect(fstatSync(nothing.file.descriptor).size).toBe(0);
});
