import { randomBytes } from "node:crypto";
import { constants } from "node:fs";
import { type FileHandle, open, rm } from "node:fs/promises";
import { join } from "node:path";
import { detectCompression, isDecoderError } from "@a3s/core";
import { writingTo } from "../layout/destination-fault.ts";
import { readRange } from "../layout/read-range.ts";
import { writeContent } from "../layout/write-content.ts";
import { archiveInvalid } from "./archive-fault.ts";
import { MAGIC_BYTES, unpack } from "./unpack.ts";

/** Where and how far an archive is unpacked. */
export interface UnpackPlan {
  /** The archive's name in messages. */
  readonly path: string;
  readonly temporaryDirectory: string;
  readonly maxUnpackedBytes: number;
  readonly signal: AbortSignal;
}

/** Opens an archive of any packing, ready to be read at any position. @throws OciError `ARCHIVE_INVALID`, `DESTINATION_INACCESSIBLE` */
export async function openArchiveFile(plan: UnpackPlan): Promise<FileHandle> {
  const file = await openRegular(plan.path);
  let isKept = false;
  try {
    isKept = !(await isPacked(file, plan.path));
    return isKept ? file : await unpackToFile(archiveContent(file, plan), plan);
  } finally {
    if (!isKept) await file.close();
  }
}

/**
 * Writes an archive that comes as a stream, unpacked, into a temporary file. The file loses its name as soon as it is open, so that
 * nothing of it can stay behind.
 */
export async function unpackToFile(content: AsyncIterable<Uint8Array>, plan: UnpackPlan): Promise<FileHandle> {
  const { path, temporaryDirectory, signal } = plan;
  return writingTo(temporaryDirectory, async () => {
    const file = await openNameless(temporaryDirectory);
    try {
      await writeContent(file, capped(unpack(content), plan), 0, signal);
      return file;
    } catch (error) {
      await file.close();
      throw isDecoderError(error) ? archiveInvalid(path, `cannot be unpacked: ${error.message}`, error) : error;
    }
  });
}

/** A part of an archive's file; what cannot be read is the archive's fault. */
export async function* archivePart(
  file: FileHandle,
  path: string,
  range: { readonly start: number; readonly end: number },
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* readRange(file, range, signal);
  } catch (cause) {
    signal?.throwIfAborted();
    throw archiveInvalid(path, `cannot be read: ${(cause as Error).message}`, cause);
  }
}

function archiveContent(file: FileHandle, { path, signal }: UnpackPlan): AsyncIterable<Uint8Array> {
  return archivePart(file, path, { start: 0, end: Number.MAX_SAFE_INTEGER }, signal);
}

/** Opening does not wait for the writer of a FIFO, which is no archive anyway: an archive is read more than once. */
async function openRegular(path: string): Promise<FileHandle> {
  let file: FileHandle;
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    throw archiveInvalid(path, `cannot be opened: ${(cause as Error).message}`, cause);
  }
  if ((await file.stat()).isFile()) return file;
  await file.close();
  throw archiveInvalid(path, "is not a regular file");
}

async function isPacked(file: FileHandle, path: string): Promise<boolean> {
  const start: Uint8Array[] = [];
  for await (const chunk of archivePart(file, path, { start: 0, end: MAGIC_BYTES }, undefined)) start.push(chunk);
  return detectCompression(Buffer.concat(start)) !== "none";
}

async function openNameless(directory: string): Promise<FileHandle> {
  const path = join(directory, `a3s-archive-${randomBytes(12).toString("hex")}`);
  const file = await open(path, "wx+", 0o600);
  try {
    await rm(path, { force: true });
  } catch (error) {
    await file.close();
    throw error;
  }
  return file;
}

async function* capped(
  content: AsyncIterable<Uint8Array>,
  { path, maxUnpackedBytes }: UnpackPlan,
): AsyncGenerator<Uint8Array, void, undefined> {
  let length = 0;
  for await (const chunk of content) {
    length += chunk.length;
    if (!(length <= maxUnpackedBytes)) throw archiveInvalid(path, `has more than ${maxUnpackedBytes} bytes unpacked`);
    yield chunk;
  }
}
