import { execFile } from "node:child_process";
import { createCipheriv } from "node:crypto";
import { createWriteStream } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import { type TarEntry, tarArchive } from "../../../packages/testing/dist/index.js";
import type { LocalImage } from "../../images/busybox.ts";
import { cachedLayout } from "../../images/cached-layout.ts";
import { debianImages } from "../../images/debian.ts";

const run = promisify(execFile);

/** Bump when the contents below change. */
const RECIPE = 1;
const DIRECTORIES = 1000;
const FILES_PER_DIRECTORY = 100;
const LARGE_MIB = 1024;
const MIB = 1024 * 1024;

/**
 * A Debian image of five layers; and images of one layer each: 100 000 files of up to 4 KB, and one file of 1 GiB, half of whose content can
 * be compressed.
 */
export async function benchImages(): Promise<readonly (LocalImage & { readonly name: string })[]> {
  const image = async (name: string, archive: () => Iterable<Uint8Array>) => {
    const layout = await cachedLayout(`bench-rootfs-${RECIPE}-${name}`, (path, work) => build(path, work, archive));
    return { name, layout, tag: "1" };
  };
  const debian = { name: "Debian in 5 layers", layout: (await debianImages()).layout, tag: "layered" };
  return [debian, await image("100 000 files", manyFiles), await image("1 GiB in one file", oneFile)];
}

async function build(layout: string, work: string, archive: () => Iterable<Uint8Array>): Promise<void> {
  const tar = join(work, "layer.tar");
  await pipeline(Readable.from(archive()), createWriteStream(tar));
  await run("umoci", ["init", "--layout", layout]);
  await run("umoci", ["new", "--image", `${layout}:1`]);
  await run("umoci", ["raw", "add-layer", "--image", `${layout}:1`, tar]);
  await rm(tar);
}

function* manyFiles(): Generator<Uint8Array> {
  const noise = noiseStream();
  for (let number = 0; number < DIRECTORIES; number++) {
    const path = `d${Math.trunc(number / 100)}/e${number % 100}`;
    const entries: TarEntry[] = [{ type: "directory", path, mtime: number }];
    if (number % 100 === 0) entries.unshift({ type: "directory", path: path.split("/")[0] ?? "", mtime: number });
    for (let file = 0; file < FILES_PER_DIRECTORY; file++) {
      const size = (number * 7919 + file * 104_729) % 4096;
      const content = Buffer.alloc(size, "text ");
      noise(size >> 1).copy(content);
      entries.push({ type: "file", path: `${path}/file${file}`, content, mtime: file });
    }
    yield tarArchive(entries, { unterminated: number < DIRECTORIES - 1 });
  }
}

function* oneFile(): Generator<Uint8Array> {
  const size = (LARGE_MIB * MIB).toString(8);
  yield tarArchive([{ type: "file", path: "large", header: { size } }], { unterminated: true });
  const noise = noiseStream();
  for (let piece = 0; piece < LARGE_MIB; piece++) {
    yield Buffer.concat([noise(MIB / 2), Buffer.alloc(MIB / 2, `piece ${piece}, `)]);
  }
  yield Buffer.alloc(1024);
}

/** Bytes that no compression makes smaller, the same in every run. */
function noiseStream(): (bytes: number) => Buffer {
  const cipher = createCipheriv("aes-128-ctr", Buffer.alloc(16), Buffer.alloc(16));
  return (bytes) => cipher.update(Buffer.alloc(bytes));
}
