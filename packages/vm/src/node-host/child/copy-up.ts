import { closeSync, openSync, readFileSync, readSync, realpathSync, writeSync } from "node:fs";
import { constants } from "node:os";

/**
 * Makes overlayfs work over libkrun's virtio-fs, as native/vm-host/src/copy_up.rs does: libkrun answers EOPNOTSUPP to an ioctl
 * that it does not know, where overlayfs takes ENOTTY and EINVAL for an answer (https://github.com/libkrun/libkrun/issues/867). A library that does
 * not look exactly as expected, such as one in which this is fixed, is left as it is.
 */

const { EOPNOTSUPP, ENOTTY } = constants.errno;
/** `io::Error::from_raw_os_error(EOPNOTSUPP)` as a 64-bit immediate: the number in the upper half, a tag in the lower. */
const ANSWER = Buffer.from([2, 0, 0, 0, EOPNOTSUPP, 0, 0, 0]);
const NUMBER_OFFSET = 4;
/** The request that the same function compares with right after it: set the exit code of the VM. */
const EXIT_CODE_REQUEST = Buffer.from([0x02, 0x76, 0, 0]);
/** Bytes of instructions between the two. */
const DISTANCE = 64;
/** libkrun's text has some megabytes. */
const MAX_TEXT_BYTES = 256 * 1024 * 1024;

/** Exchanges the number in this process's copy of the library. Answers whether it did. */
export function allowCopyUp(library: string): boolean {
  const mappings = executableMappings(readFileSync("/proc/self/maps", "utf8"), realpathSync(library));
  // proc_pid_mem(5): what is written there goes to a private copy of the page, whatever its protection. The file stays as it is.
  const memory = openSync("/proc/self/mem", "r+");
  try {
    for (const { start, bytes } of mappings) {
      if (bytes > MAX_TEXT_BYTES) continue;
      const text = Buffer.alloc(bytes);
      const read = readSync(memory, text, 0, bytes, start);
      const offset = findNumber(text.subarray(0, read));
      if (offset === undefined) continue;
      writeSync(memory, Buffer.from([ENOTTY]), 0, 1, start + offset);
      return true;
    }
    return false;
  } finally {
    closeSync(memory);
  }
}

/** proc_pid_maps(5): address range, permissions, offset, device, inode, path. Pure. */
export function executableMappings(
  maps: string,
  path: string,
): readonly { readonly start: number; readonly bytes: number }[] {
  return maps.split("\n").flatMap((line) => {
    const [, start, end, name] = /^([0-9a-f]+)-([0-9a-f]+) r-x\S* \S+ \S+ \d+ +(.*)$/.exec(line) ?? [];
    if (start === undefined || end === undefined || name !== path) return [];
    const from = Number.parseInt(start, 16);
    return [{ start: from, bytes: Number.parseInt(end, 16) - from }];
  });
}

/** Where the error number stands, if there is exactly one place that it can be. Pure. */
export function findNumber(text: Buffer): number | undefined {
  let found: number | undefined;
  for (let at = text.indexOf(ANSWER); at >= 0; at = text.indexOf(ANSWER, at + ANSWER.length)) {
    const after = at + ANSWER.length;
    if (!text.subarray(after, after + DISTANCE).includes(EXIT_CODE_REQUEST)) continue;
    if (found !== undefined) return undefined;
    found = at + NUMBER_OFFSET;
  }
  return found;
}
