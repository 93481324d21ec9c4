import { type DescField, type DescMessage, ScalarType } from "@bufbuild/protobuf";
import { ExecRequestSchema, ExecResponseSchema } from "../gen/a3s/agent/v1/agent_pb.ts";
import type { ContentConnection } from "../gen/a3s/agent/v1/content_pb.ts";
import {
  DownloadResponseSchema,
  ReadResponseSchema,
  UploadRequestSchema,
  WriteRequestSchema,
} from "../gen/a3s/agent/v1/files_pb.ts";
import { AttachProcessRequestSchema, AttachProcessResponseSchema } from "../gen/a3s/agent/v1/process_pb.ts";

/** Wire type of a field whose length stands before it. */
const LENGTH_DELIMITED = 2;

/**
 * A field that carries content: bytes that mean the same in two messages as in one. A message that holds such a field holds nothing
 * else, so it is written without a copy, and handed on in pieces as it arrives.
 */
export interface ContentField {
  /** Name of the message's type. */
  readonly messageType: string;
  /** What stands before its length: number and wire type. One byte, as its number is below 16. */
  readonly tag: number;
  /** Makes the message that holds these bytes. */
  message(bytes: Uint8Array): unknown;
  /** The bytes of such a message; undefined when it holds another field. */
  bytes(message: object): Uint8Array | undefined;
  /** What a message is made of that says which connection the rest comes over, where the protocol has one. */
  readonly overConnection?: ((token: Uint8Array) => unknown) | undefined;
  /** The token of a message that says so, where the protocol has one; undefined when it holds another field. */
  readonly token?: ((message: object) => Uint8Array | undefined) | undefined;
}

const FIELDS = Map.groupBy(
  [
    ExecRequestSchema.field.stdin,
    ExecResponseSchema.field.stdout,
    ExecResponseSchema.field.stderr,
    AttachProcessRequestSchema.field.stdin,
    AttachProcessResponseSchema.field.stdout,
    AttachProcessResponseSchema.field.stderr,
    ReadResponseSchema.field.data,
    WriteRequestSchema.field.data,
    UploadRequestSchema.field.data,
    DownloadResponseSchema.field.data,
  ].map(contentField),
  ({ messageType }) => messageType,
);

/** The fields of a message that carry content; of most there are none. */
export function contentFields(message: DescMessage): readonly ContentField[] {
  return FIELDS.get(message.typeName) ?? [];
}

function contentField(field: DescField): ContentField {
  const { localName, number, oneof, parent } = field;
  if (field.scalar !== ScalarType.BYTES || number > 15) throw new TypeError(`${field} cannot carry content`);
  const tag = (number << 3) | LENGTH_DELIMITED;
  const messageType = parent.typeName;
  const connection = parent.field[`${localName}Connection`];
  if (oneof === undefined) {
    return {
      messageType,
      tag,
      message: (bytes) => ({ $typeName: messageType, [localName]: bytes }),
      bytes: (message) => (message as Record<string, Uint8Array | undefined>)[localName],
      token:
        connection &&
        ((message) => (message as Record<string, ContentConnection | undefined>)[connection.localName]?.token),
    };
  }
  type Holder = Record<string, { readonly case?: string; readonly value?: unknown } | undefined>;
  return {
    messageType,
    tag,
    message: (bytes) => ({ $typeName: messageType, [oneof.localName]: { case: localName, value: bytes } }),
    bytes: (message) => {
      const held = (message as Holder)[oneof.localName];
      return held?.case === localName ? (held.value as Uint8Array) : undefined;
    },
    overConnection:
      connection && ((token) => ({ [oneof.localName]: { case: connection.localName, value: { token } } })),
    token:
      connection &&
      ((message) => {
        const held = (message as Holder)[oneof.localName];
        return held?.case === connection.localName ? (held.value as ContentConnection).token : undefined;
      }),
  };
}
