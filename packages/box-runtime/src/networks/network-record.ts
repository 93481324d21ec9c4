import { randomInt } from "node:crypto";
import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { unlessMissing, writeFileAtomic } from "@a3s/core";
import * as v from "valibot";
import { RuntimeError } from "../errors/runtime-error.ts";
import { parseSubnet } from "./subnet.ts";

/** Most bytes of `network.json`. */
const MAX_RECORD_BYTES = 256 * 1024;

/** Bounds so that a record stays small; docker has none. */
const labels = v.pipe(
  v.record(v.pipe(v.string(), v.nonEmpty(), v.maxLength(256)), v.pipe(v.string(), v.maxLength(1024))),
  v.maxEntries(64),
);

const schema = v.strictObject({
  version: v.literal(1),
  id: v.pipe(v.string(), v.regex(/^[a-z0-9]{8}$/)),
  createdAt: v.pipe(v.string(), v.isoTimestamp()),
  subnet: v.pipe(
    v.string(),
    v.check((text) => typeof parseSubnet(text) !== "string", "must be a subnet"),
  ),
  labels,
});

/** `network.json` of a network. It is written once. `id` names the directory of its sockets. */
export type NetworkRecord = Readonly<v.InferOutput<typeof schema>>;

/** Short: a socket's path holds 107 bytes. */
export function newNetworkId(): string {
  return Array.from({ length: 8 }, () => randomInt(36).toString(36)).join("");
}

/** @throws RuntimeError `NETWORK_INVALID` */
export function parseNetworkLabels(input: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  const result = v.safeParse(labels, input);
  if (result.success) return result.output;
  throw new RuntimeError({
    code: "NETWORK_INVALID",
    message: `The labels are invalid: ${result.issues.map(({ message }) => message).join("; ")}`,
    hint: "Take at most 64 labels, of names up to 256 and values up to 1024 characters.",
  });
}

export async function writeNetworkRecord(path: string, record: NetworkRecord): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(record, undefined, 2)}\n`, { mode: 0o600 });
}

/** The record, or why there is none that can be read. */
export async function readNetworkRecord(path: string): Promise<NetworkRecord | { readonly damage: string }> {
  try {
    const flags = constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK;
    await using file = await unlessMissing(open(path, flags));
    if (file === undefined) return { damage: `${path} is missing` };
    const found = await file.stat();
    if (!found.isFile() || found.size > MAX_RECORD_BYTES) return { damage: `${path} is not a network's record` };
    return v.parse(schema, JSON.parse(await file.readFile("utf8")));
  } catch (error) {
    return { damage: `${path} is damaged: ${(error as Error).message}` };
  }
}
