import { create, type DescMessage, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { contentFields } from "./content-field.ts";

/** Bytes before each message of a gRPC call: whether it is compressed, and its length. */
export const PREFIX_BYTES = 5;

/** Most bytes of a tag of one byte and of a length of 32 bits. */
const CONTENT_HEAD_BYTES = 6;

/** A message as gRPC sends it, in parts that follow each other; content is not copied. */
export function frameMessage<I extends DescMessage>(desc: I, message: MessageInitShape<I>): readonly Uint8Array[] {
  for (const field of contentFields(desc)) {
    const content = field.bytes(message);
    if (content !== undefined) return frameContent(field.tag, content);
  }
  const bytes = toBinary(desc, create(desc, message));
  const frame = Buffer.allocUnsafe(PREFIX_BYTES + bytes.length);
  frame[0] = 0;
  frame.writeUInt32BE(bytes.length, 1);
  frame.set(bytes, PREFIX_BYTES);
  return [frame];
}

function frameContent(tag: number, content: Uint8Array): readonly Uint8Array[] {
  const head = Buffer.allocUnsafe(PREFIX_BYTES + CONTENT_HEAD_BYTES);
  let end = PREFIX_BYTES;
  head[end++] = tag;
  let length = content.length;
  for (; length > 0x7f; length >>>= 7) head[end++] = (length & 0x7f) | 0x80;
  head[end++] = length;
  head[0] = 0;
  head.writeUInt32BE(end - PREFIX_BYTES + content.length, 1);
  return [head.subarray(0, end), content];
}
