import type { Client, Transport } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import { FileService } from "../gen/a3s/agent/v1/files_pb.ts";
import { createGrpcClient } from "../grpc/grpc-client.ts";
import type { ContentSource } from "./content-source.ts";
import { type CpOptions, copyWithin } from "./copy-within.ts";
import { FileAttributes } from "./file-attributes.ts";
import { callFiles, type FileOptions, type TransferOptions } from "./file-call.ts";
import { checkMode, checkSize } from "./file-mode.ts";
import type { GuestDirent } from "./guest-dirent.ts";
import { type GuestPath, pathBytes, pathText } from "./guest-path.ts";
import { GuestStats } from "./guest-stats.ts";
import { GuestWatch } from "./guest-watch.ts";
import { listDirectory, listWhole, type ReaddirOptions } from "./list-directory.ts";
import { type ReadFileOptions, type ReadStreamOptions, readContent, readWhole } from "./read-content.ts";
import { type DownloadTarOptions, tarOf, type UploadTarOptions, unpackTar } from "./tar-content.ts";
import { type WriteFileOptions, writeContent } from "./write-content.ts";
import { writeStream } from "./write-stream.ts";

/** How a directory is made. */
export interface MkdirOptions extends FileOptions {
  /** Make missing directories above it, too, and be content when it is there. */
  readonly recursive?: boolean | undefined;
  /** Permission bits; 0o755 by default. */
  readonly mode?: number | undefined;
}

/** What is removed. */
export interface RmOptions extends FileOptions {
  /** A directory with all that it holds; what is mounted in it ends the call. */
  readonly recursive?: boolean | undefined;
  /** Be content when there is nothing. */
  readonly force?: boolean | undefined;
}

/**
 * Files of the guest, by the names of `node:fs/promises`. Paths are absolute, and are looked up as a process in the box
 * looks them up; only the magic links of /proc are not followed.
 *
 * Calls reject with the signal's reason, CoreError `DEADLINE_EXCEEDED` or {@link AgentError}, whose codes for files begin with
 * `FILE_` and whose `details.errno` is what the guest's kernel answered, such as "ENOENT". Calls with one answer take
 * `timeoutMs` 30 s by default; those that move content have no limit unless one is given.
 */
export class AgentFiles extends FileAttributes {
  readonly #client: Client<typeof FileService>;

  /** @internal Made by `AgentClient`. */
  constructor(transport: Transport) {
    const client = createGrpcClient(FileService, transport);
    super(client);
    this.#client = client;
  }

  /** The file that a path leads to. */
  stat(path: GuestPath, options: FileOptions = {}): Promise<GuestStats> {
    return this.#stat(path, true, options);
  }

  /** As {@link stat}, but of a symbolic link itself. */
  lstat(path: GuestPath, options: FileOptions = {}): Promise<GuestStats> {
    return this.#stat(path, false, options);
  }

  /** Whether a path leads to a file. What cannot be looked at for another reason than that there is none is an error. */
  async exists(path: GuestPath, options: FileOptions = {}): Promise<boolean> {
    try {
      await this.stat(path, options);
      return true;
    } catch (error) {
      const missing = error instanceof AgentError && ["FILE_NOT_FOUND", "FILE_NOT_DIRECTORY"].includes(error.code);
      if (missing) return false;
      throw error;
    }
  }

  /** A whole file, as bytes or, with `encoding`, as text in which bytes that are no UTF-8 are replaced. */
  readFile(path: GuestPath, options: ReadFileOptions & { readonly encoding: "utf8" }): Promise<string>;
  readFile(path: GuestPath, options?: ReadFileOptions): Promise<Uint8Array>;
  async readFile(
    path: GuestPath,
    options: ReadFileOptions & { readonly encoding?: "utf8" } = {},
  ): Promise<Uint8Array | string> {
    const bytes = await readWhole(this.#client, path, options);
    return options.encoding === undefined ? bytes : new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
  }

  /** A file as it is read; while nobody reads, the guest does not either. Iterate it, or hand it to a `Response`. */
  createReadStream(path: GuestPath, options: ReadStreamOptions = {}): ReadableStream<Uint8Array> {
    return ReadableStream.from(readContent(this.#client, path, options));
  }

  /** Writes a file. Bytes are taken from a source as fast as the guest takes them. */
  async writeFile(path: GuestPath, content: ContentSource, options: WriteFileOptions = {}): Promise<void> {
    await writeContent(this.#client, path, content, options);
  }

  /** Writes at the end of a file. */
  appendFile(path: GuestPath, content: ContentSource, options: Omit<WriteFileOptions, "flag"> = {}): Promise<void> {
    return this.writeFile(path, content, { ...options, flag: "a" });
  }

  /** A file as it is written. It is complete when `close()` has resolved; an aborted one is not replaced. */
  createWriteStream(path: GuestPath, options: WriteFileOptions = {}): WritableStream<Uint8Array | string> {
    return writeStream((content, signal) => writeContent(this.#client, path, content, { ...options, signal }), options);
  }

  /** What a directory holds, in no order: paths below it, or with `withFileTypes` entries. */
  readdir(path: GuestPath, options: ReaddirOptions & { readonly withFileTypes: true }): Promise<GuestDirent[]>;
  readdir(path: GuestPath, options?: ReaddirOptions): Promise<string[]>;
  async readdir(
    path: GuestPath,
    options: ReaddirOptions & { readonly withFileTypes?: boolean } = {},
  ): Promise<GuestDirent[] | string[]> {
    const entries = await listWhole(this.#client, path, options);
    return options.withFileTypes === true ? entries : entries.map((entry) => below(path, entry));
  }

  /** What a directory holds as it is listed, whatever its size. */
  opendir(path: GuestPath, options: TransferOptions = {}): AsyncIterable<GuestDirent> {
    return listDirectory(this.#client, path, options);
  }

  /** Makes a directory. */
  async mkdir(path: GuestPath, options: MkdirOptions = {}): Promise<void> {
    const { recursive = false, user = "", mode } = options;
    const given = mode === undefined ? {} : { mode: checkMode(mode) };
    const request = { path: pathBytes(path), user, recursive, ...given };
    await callFiles(what("mkdir", path), options, (signal) => this.#client.makeDirectory(request, { signal }));
  }

  /** Removes a file, or with `recursive` a directory. Links are removed, not followed. */
  async rm(path: GuestPath, options: RmOptions = {}): Promise<void> {
    const { recursive = false, force = false, user = "" } = options;
    const request = { path: pathBytes(path), user, recursive, force };
    await callFiles(what("rm", path), options, (signal) => this.#client.remove(request, { signal }));
  }

  /** Gives a file another name in the same file system; a file that has that name is replaced. */
  async rename(from: GuestPath, to: GuestPath, options: FileOptions = {}): Promise<void> {
    const request = { from: pathBytes(from), to: pathBytes(to), user: options.user ?? "" };
    await callFiles(what("rename", from), options, (signal) => this.#client.rename(request, { signal }));
  }

  /** Cuts a file to `bytes`, or lengthens it to them by zeros that take no room. */
  async truncate(path: GuestPath, bytes = 0, options: FileOptions = {}): Promise<void> {
    const request = { path: pathBytes(path), user: options.user ?? "", size: checkSize(bytes) };
    await callFiles(what("truncate", path), options, (signal) => this.#client.truncate(request, { signal }));
  }

  /**
   * Copies a file or, with `recursive`, a tree within the guest, by the name `to`; missing directories above it are made. Modes,
   * times, links and extended attributes of users are kept, and the copy belongs to `user`. What is there is replaced, but neither a directory by a file nor a
   * file by a directory. A call that fails leaves what it has copied until then.
   */
  cp(from: GuestPath, to: GuestPath, options: CpOptions = {}): Promise<void> {
    return copyWithin(this.#client, from, to, options);
  }

  /**
   * A file or a whole tree as a POSIX tar archive: modes, owners, times, symbolic and hard links, devices, extended attributes of
   * users (`user.*`) and capabilities of programs. What file systems of the kernel's own hold, such as /proc, is left out, as are sockets. The guest is hostile: unpack it only with what
   * does not trust it.
   */
  downloadTar(path: GuestPath, options: DownloadTarOptions = {}): ReadableStream<Uint8Array> {
    return ReadableStream.from(tarOf(this.#client, path, options));
  }

  /**
   * Unpacks a tar archive (POSIX or GNU, not compressed) into a directory; blocks of zeros become holes. Nothing gets out of it: below it no link is
   * followed. What is there is replaced, but neither a directory by a file nor a file by a directory. A call that fails
   * leaves what it has unpacked until then.
   *
   * @returns the number of entries.
   */
  uploadTar(path: GuestPath, archive: ContentSource, options: UploadTarOptions = {}): Promise<number> {
    return unpackTar(this.#client, path, archive, options);
  }

  /** Watches a file, or a directory and what is directly in it. Resolves when the guest watches: nothing is missed from then on. */
  watch(path: GuestPath, options: FileOptions = {}): Promise<GuestWatch> {
    return GuestWatch.begin(this.#client, path, options);
  }

  async #stat(path: GuestPath, follow: boolean, options: FileOptions): Promise<GuestStats> {
    const request = { path: pathBytes(path), user: options.user ?? "", follow };
    const { info } = await callFiles(what("stat", path), options, (signal) => this.#client.stat(request, { signal }));
    return new GuestStats(info);
  }
}

function what(call: string, path: GuestPath): string {
  return `${call} ${JSON.stringify(pathText(path))}`;
}

function below(path: GuestPath, entry: GuestDirent): string {
  const base = pathText(path).replace(/\/*$/, "/");
  return pathText(entry.path).slice(base.length);
}
