import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import type { FileService, SetAttributesRequestSchema } from "../gen/a3s/agent/v1/files_pb.ts";
import { callFiles, type FileOptions } from "./file-call.ts";
import { checkId, checkMode } from "./file-mode.ts";
import { type FileTime, fileTimestamp } from "./file-time.ts";
import { type GuestPath, pathBytes, pathText } from "./guest-path.ts";

/** Calls about links, modes, owners and times. */
export class FileAttributes {
  readonly #client: Client<typeof FileService>;

  /** @internal */
  constructor(client: Client<typeof FileService>) {
    this.#client = client;
  }

  /** What a symbolic link says; bytes that are no UTF-8 are replaced. */
  async readlink(path: GuestPath, options: FileOptions = {}): Promise<string> {
    return pathText(await this.readlinkBytes(path, options));
  }

  /** What a symbolic link says, as the bytes it is. */
  async readlinkBytes(path: GuestPath, options: FileOptions = {}): Promise<Uint8Array> {
    const request = { path: pathBytes(path), user: options.user ?? "" };
    const subject = `readlink ${JSON.stringify(pathText(path))}`;
    const { target } = await callFiles(subject, options, (signal) => this.#client.readLink(request, { signal }));
    return target;
  }

  /** Makes a symbolic link that says `target`, which may be relative and need not exist. */
  symlink(target: GuestPath, path: GuestPath, options: FileOptions = {}): Promise<void> {
    const said = typeof target === "string" ? new TextEncoder().encode(target) : Uint8Array.from(target);
    return this.#link(path, said, false, options);
  }

  /** Makes another name for a file. */
  link(existing: GuestPath, path: GuestPath, options: FileOptions = {}): Promise<void> {
    return this.#link(path, pathBytes(existing), true, options);
  }

  /** Sets permission bits: 0 to 0o7777. */
  chmod(path: GuestPath, mode: number, options: FileOptions = {}): Promise<void> {
    return this.#set("chmod", path, { follow: true, mode: checkMode(mode) }, options);
  }

  /** Gives a file to a user and a group, by their numbers. */
  chown(path: GuestPath, uid: number, gid: number, options: FileOptions = {}): Promise<void> {
    const owner = { uid: checkId(uid, "user ID"), gid: checkId(gid, "group ID") };
    return this.#set("chown", path, { follow: true, ...owner }, options);
  }

  /** As {@link chown}, but for a symbolic link itself. */
  lchown(path: GuestPath, uid: number, gid: number, options: FileOptions = {}): Promise<void> {
    const owner = { uid: checkId(uid, "user ID"), gid: checkId(gid, "group ID") };
    return this.#set("lchown", path, { follow: false, ...owner }, options);
  }

  /** Sets the times of last access and modification. */
  utimes(path: GuestPath, atime: FileTime, mtime: FileTime, options: FileOptions = {}): Promise<void> {
    const times = { accessed: fileTimestamp(atime), modified: fileTimestamp(mtime) };
    return this.#set("utimes", path, { follow: true, ...times }, options);
  }

  /** As {@link utimes}, but for a symbolic link itself. */
  lutimes(path: GuestPath, atime: FileTime, mtime: FileTime, options: FileOptions = {}): Promise<void> {
    const times = { accessed: fileTimestamp(atime), modified: fileTimestamp(mtime) };
    return this.#set("lutimes", path, { follow: false, ...times }, options);
  }

  async #link(path: GuestPath, target: Uint8Array<ArrayBuffer>, hard: boolean, options: FileOptions): Promise<void> {
    const request = { path: pathBytes(path), user: options.user ?? "", target, hard };
    const subject = `the link ${JSON.stringify(pathText(path))}`;
    await callFiles(subject, options, (signal) => this.#client.makeLink(request, { signal }));
  }

  async #set(
    call: string,
    path: GuestPath,
    attributes: MessageInitShape<typeof SetAttributesRequestSchema>,
    options: FileOptions,
  ): Promise<void> {
    const request = { ...attributes, path: pathBytes(path), user: options.user ?? "" };
    const subject = `${call} ${JSON.stringify(pathText(path))}`;
    await callFiles(subject, options, (signal) => this.#client.setAttributes(request, { signal }));
  }
}
