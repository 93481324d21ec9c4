import { type DescMessage, fromBinary, type MessageShape } from "@bufbuild/protobuf";
import { Code, ConnectError } from "@connectrpc/connect";
import { type ContentField, contentFields } from "./content-field.ts";
import { PREFIX_BYTES } from "./message-frame.ts";

/** Bytes with which content begins: its tag and its length, of at most 2^28 bytes. */
const CONTENT_HEAD_BYTES = 5;

/** A message of which a part has come. */
interface Part {
  /** Of a message that is whole only at its end. */
  readonly buffer: Uint8Array;
  filled: number;
}

/** Content that is handed on as it comes. */
interface Content {
  readonly field: ContentField;
  left: number;
}

/**
 * Cuts the bytes of a call into its messages. What carries content is handed on in pieces as they come, each a message of its own;
 * everything else is put together. Never holds more than one message.
 */
export class MessageReader<O extends DescMessage> {
  readonly #desc: O;
  readonly #fields: readonly ContentField[];
  readonly #maxBytes: number;
  /** What has come of a prefix, or of a head of content. */
  #carry: Uint8Array | undefined;
  #part: Part | undefined;
  #content: Content | undefined;

  constructor(desc: O, maxBytes: number) {
    this.#desc = desc;
    this.#fields = contentFields(desc);
    this.#maxBytes = maxBytes;
  }

  /** Whether the bytes so far end in the middle of a message. */
  get isMidway(): boolean {
    return this.#carry !== undefined || this.#part !== undefined || this.#content !== undefined;
  }

  /**
   * Takes what has come, and keeps none of it but parts of messages that it copies; content refers to it.
   *
   * @throws ConnectError `RESOURCE_EXHAUSTED` for a message beyond the limit, `INTERNAL` for what gRPC does not know.
   */
  *read(chunk: Uint8Array): Generator<MessageShape<O>, void, undefined> {
    let rest = chunk;
    if (this.#carry !== undefined) {
      rest = Buffer.concat([this.#carry, chunk]);
      this.#carry = undefined;
    }
    while (rest.length > 0) {
      if (this.#content !== undefined) {
        const piece = rest.subarray(0, this.#content.left);
        rest = rest.subarray(piece.length);
        yield this.#takeContent(this.#content, piece);
        continue;
      }
      if (this.#part !== undefined) {
        rest = rest.subarray(fill(this.#part, rest));
        if (this.#part.filled < this.#part.buffer.length) return;
        const { buffer } = this.#part;
        this.#part = undefined;
        yield this.#decode(buffer);
        continue;
      }
      const length = this.#lengthOf(rest);
      const needed = PREFIX_BYTES + Math.min(length ?? 0, this.#fields.length > 0 ? CONTENT_HEAD_BYTES : 0);
      if (length === undefined || rest.length < needed) {
        this.#carry = Uint8Array.from(rest);
        return;
      }
      const head = this.#contentHead(rest, length);
      if (head !== undefined) {
        rest = rest.subarray(PREFIX_BYTES + head.bytes);
        this.#content = { field: head.field, left: length - head.bytes };
        if (this.#content.left === 0) yield this.#takeContent(this.#content, rest.subarray(0, 0));
        continue;
      }
      rest = rest.subarray(PREFIX_BYTES);
      if (rest.length < length) {
        this.#part = { buffer: new Uint8Array(length), filled: 0 };
        continue;
      }
      yield this.#decode(rest.subarray(0, length));
      rest = rest.subarray(length);
    }
  }

  /** The length of the message that begins here; undefined when its prefix is not whole. */
  #lengthOf(bytes: Uint8Array): number | undefined {
    const [flags, a, b, c, d] = bytes;
    if (flags === undefined || a === undefined || b === undefined || c === undefined || d === undefined)
      return undefined;
    if (flags !== 0) throw new ConnectError("a message is compressed, which nobody asked for", Code.Internal);
    const length = ((a << 24) | (b << 16) | (c << 8) | d) >>> 0;
    if (length <= this.#maxBytes) return length;
    throw new ConnectError(
      `a message of ${length} bytes is larger than the limit of ${this.#maxBytes}`,
      Code.ResourceExhausted,
    );
  }

  /** How a message begins that holds content and nothing else. */
  #contentHead(
    bytes: Uint8Array,
    length: number,
  ): { readonly field: ContentField; readonly bytes: number } | undefined {
    const field = this.#fields.find(({ tag }) => tag === bytes[PREFIX_BYTES]);
    if (field === undefined) return undefined;
    let size = 0;
    for (let at = 1; at < CONTENT_HEAD_BYTES; at++) {
      const byte = bytes[PREFIX_BYTES + at] ?? 0;
      size |= (byte & 0x7f) << (7 * (at - 1));
      if (byte < 0x80) return at + 1 + size === length ? { field, bytes: at + 1 } : undefined;
    }
    return undefined;
  }

  #takeContent(content: Content, piece: Uint8Array): MessageShape<O> {
    content.left -= piece.length;
    if (content.left === 0) this.#content = undefined;
    return content.field.message(piece) as MessageShape<O>;
  }

  #decode(bytes: Uint8Array): MessageShape<O> {
    try {
      return fromBinary(this.#desc, bytes);
    } catch (cause) {
      throw new ConnectError(`bytes that are no ${this.#desc.typeName}`, Code.Internal, undefined, undefined, cause);
    }
  }
}

/** @returns how many bytes the part took. */
function fill(part: Part, bytes: Uint8Array): number {
  const taken = bytes.subarray(0, part.buffer.length - part.filled);
  part.buffer.set(taken, part.filled);
  part.filled += taken.length;
  return taken.length;
}
