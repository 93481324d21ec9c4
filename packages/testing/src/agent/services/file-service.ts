import { timestampDate, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  Change_Kind as ChangeKind,
  FileFaultSchema,
  type FileService,
  FileType,
  WriteStart_Manner as Manner,
  type UploadRequest,
  type WriteRequest,
} from "../../gen/a3s/agent/v1/files_pb.ts";
import type { ContentConnections } from "../content-connections.ts";
import { type ContentWords, contentMessages } from "../content-way.ts";
import { copyTree, packTree, unpackTree } from "../files/archive.ts";
import { Errno } from "../files/errno.ts";
import type { WriteManner } from "../files/file-tree.ts";
import type { Node, Owner, TreeChange } from "../files/node.ts";
import { findOwner } from "../guest/accounts.ts";
import type { Guest } from "../guest/guest.ts";

const MAX_PIECE_BYTES = 64 * 1024;
const MAX_ENTRIES = 512;

const TYPES: Readonly<Record<Node["type"], FileType>> = {
  file: FileType.REGULAR,
  directory: FileType.DIRECTORY,
  symlink: FileType.SYMLINK,
  "character-device": FileType.CHARACTER_DEVICE,
  fifo: FileType.FIFO,
};
const KINDS: Readonly<Record<TreeChange["kind"], ChangeKind>> = {
  created: ChangeKind.CREATED,
  modified: ChangeKind.MODIFIED,
  attributes: ChangeKind.ATTRIBUTES,
  removed: ChangeKind.REMOVED,
  "moved-from": ChangeKind.MOVED_FROM,
  "moved-to": ChangeKind.MOVED_TO,
  gone: ChangeKind.GONE,
};
const MANNERS: Readonly<Record<number, WriteManner["manner"]>> = {
  [Manner.UNSPECIFIED]: "replace",
  [Manner.OVERWRITE]: "overwrite",
  [Manner.APPEND]: "append",
  [Manner.EXCLUSIVE]: "exclusive",
};

type ContentAnswer =
  | { readonly data: Uint8Array<ArrayBuffer> }
  | { readonly dataConnection: { readonly token: Uint8Array<ArrayBuffer> } };

const WORDS: ContentWords<ContentAnswer> = {
  content: (data) => ({ data }),
  connection: (token) => ({ dataConnection: { token } }),
};

/** FileService of a guest in memory. Every user may do everything; what a user makes is that user's. */
export function fileService(guest: Guest, contents: ContentConnections): ServiceImpl<typeof FileService> {
  const { files } = guest;
  const ownerOf = (user: string): Owner => {
    const owner = findOwner(files, user);
    if (owner === undefined) throw refusal(Code.InvalidArgument, `there is no user ${user}`, 0);
    return owner;
  };
  const by = <T>({ user }: { readonly user: string }, act: (owner: Owner) => T): T =>
    answering(() => act(ownerOf(user)));
  return {
    stat: (request) => by(request, () => ({ info: infoOf(files.stat(text(request.path), request.follow)) })),
    async *read(request) {
      const { path, offset, length } = request;
      const content = by(request, () => files.read(text(path)));
      const start = Number(offset);
      const end = length === undefined ? undefined : start + Number(length);
      const some = pieces(content.subarray(start, end));
      yield* contentMessages(some, WORDS, contents.for({ takesConnection: request.takesDataConnection }));
    },
    write: (requests) =>
      answeringLater(async () => {
        const { start, content } = await opened(requests, contents);
        const path = text(start.path);
        const manner = MANNERS[start.manner] ?? "replace";
        const how: WriteManner = { manner, mode: start.mode, owner: ownerOf(start.user) };
        files.checkWrite(path, how);
        const bytes = await collected(content);
        files.write(path, bytes, how);
        return { bytes: BigInt(bytes.length) };
      }),
    async *list(request) {
      const entries = by(request, () => [...files.list(text(request.path))]).map(([name, node]) => ({
        name: bytesOf(name),
        type: TYPES[node.type],
      }));
      for (let start = 0; start < entries.length; start += MAX_ENTRIES) {
        yield { entries: entries.slice(start, start + MAX_ENTRIES) };
      }
    },
    makeDirectory: (request) =>
      by(request, (owner) => {
        const { path, recursive, mode } = request;
        files.makeDirectory(text(path), { recursive, mode, owner });
        return {};
      }),
    remove: (request) =>
      by(request, () => {
        files.remove(text(request.path), request);
        return {};
      }),
    rename: (request) =>
      by(request, () => {
        files.rename(text(request.from), text(request.to));
        return {};
      }),
    readLink: (request) => by(request, () => ({ target: bytesOf(files.readLink(text(request.path))) })),
    makeLink: (request) =>
      by(request, (owner) => {
        const { path, target, hard } = request;
        if (hard) files.link(text(target), text(path));
        else files.symlink(text(target), text(path), owner);
        return {};
      }),
    setAttributes: (request) =>
      by(request, () => {
        const { path, follow, mode, uid, gid, accessed, modified } = request;
        const times = {
          accessed: accessed && timestampDate(accessed),
          modified: modified && timestampDate(modified),
        };
        files.setAttributes(text(path), follow, { mode, uid, gid, ...times });
        return {};
      }),
    async *download(request) {
      const { path, name, follow } = request;
      const packed = pieces(by(request, () => packTree(files.stat(text(path), follow), text(name))));
      yield* contentMessages(packed, WORDS, contents.for({ takesConnection: request.takesDataConnection }));
    },
    upload: (requests) =>
      answeringLater(async () => {
        const { start, content } = await opened(requests, contents);
        const owner = ownerOf(start.user);
        return { entries: BigInt(await unpackTree(files, text(start.path), content, owner, start.keepOwners)) };
      }),
    truncate: (request) =>
      by(request, () => {
        files.truncate(text(request.path), Number(request.size));
        return {};
      }),
    copy: (request) =>
      answeringLater(async () => {
        const { from, to, recursive, follow, user } = request;
        const how = { recursive, follow, owner: ownerOf(user) };
        return { entries: BigInt(await copyTree(files, text(from), text(to), how)) };
      }),
    async *watch(request, { signal }) {
      const changes: TreeChange[] = [];
      let wake = () => {};
      const tell = (change: TreeChange) => {
        changes.push(change);
        wake();
      };
      const end = by(request, () => files.watch(text(request.path), tell));
      signal.addEventListener("abort", () => wake(), { once: true });
      try {
        yield { message: { case: "watching", value: {} } };
        while (!signal.aborted) {
          const change = changes.shift();
          if (change === undefined) await new Promise<void>((resolve) => (wake = resolve));
          else {
            const value = { kind: KINDS[change.kind], name: bytesOf(change.name), cookie: change.cookie };
            yield { message: { case: "change", value } };
            if (change.kind === "gone") return;
          }
        }
      } finally {
        end();
      }
    },
  };
}

/** A path of the protocol as the tree has it. */
const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("latin1");
const bytesOf = (name: string) => Uint8Array.from(Buffer.from(name, "latin1"));

function* pieces(content: Uint8Array) {
  for (let start = 0; start < content.length; start += MAX_PIECE_BYTES) {
    yield Uint8Array.from(content.subarray(start, start + MAX_PIECE_BYTES));
  }
}

function infoOf(node: Node) {
  const size = node.type === "file" ? node.content.length : 0;
  return {
    type: TYPES[node.type],
    mode: node.mode,
    uid: node.uid,
    gid: node.gid,
    size: BigInt(size),
    links: BigInt(node.links),
    inode: node.ino,
    device: 1n,
    accessed: timestampFromDate(node.accessed),
    modified: timestampFromDate(node.modified),
    changed: timestampFromDate(node.changed),
  };
}

type Start<R extends WriteRequest | UploadRequest> = Extract<R["message"], { case: "start" }>["value"];

/** The first request, and the content of those that follow; without `finish` it ends with an error. */
async function opened<R extends WriteRequest | UploadRequest>(
  requests: AsyncIterable<R>,
  contents: ContentConnections,
) {
  const iterator = requests[Symbol.asyncIterator]();
  const first = (await iterator.next()).value?.message;
  if (first?.case !== "start") throw new ConnectError("the first request is not start", Code.InvalidArgument);
  async function* content(): AsyncGenerator<Uint8Array, void, undefined> {
    let hasConnection = false;
    for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
      const { message } = next.value as WriteRequest | UploadRequest;
      if (message.case === "finish") return;
      if (message.case === "start") throw new ConnectError("start may come only once", Code.InvalidArgument);
      if (message.case === undefined) continue;
      if (hasConnection) throw new ConnectError("the content has a connection already", Code.InvalidArgument);
      hasConnection = message.case === "dataConnection";
      if (message.case === "data") yield message.value;
      else yield* contents.content(message.value.token);
    }
    throw new ConnectError("the content was broken off", Code.Aborted);
  }
  return { start: first.value as Start<R>, content: content() };
}

async function collected(content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  for await (const part of content) parts.push(part);
  return Buffer.concat(parts);
}

function answering<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw faultOf(error);
  }
}

async function answeringLater<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw faultOf(error);
  }
}

function faultOf(error: unknown): ConnectError {
  if (error instanceof ConnectError) return error;
  if (error instanceof Errno) return refusal(Code.FailedPrecondition, error.message, error.number);
  return refusal(Code.InvalidArgument, error instanceof Error ? error.message : `${error}`, 0);
}

function refusal(code: Code, message: string, errno: number): ConnectError {
  return new ConnectError(message, code, undefined, [{ desc: FileFaultSchema, value: { errno } }]);
}
