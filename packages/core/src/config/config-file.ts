import { constants } from "node:fs";
import { open } from "node:fs/promises";
import type { Document, LineCounter, Node } from "yaml";
import { CoreError } from "../errors/core-error.ts";
import type { FieldPath, LocateField } from "./parse-config.ts";

const MAX_BYTES = 1024 * 1024;

/** What a file says, and where. */
export interface ConfigFile {
  readonly value: unknown;
  readonly locate: LocateField;
}

/** @throws CoreError `CONFIG_UNREADABLE`; `CONFIG_INVALID` for what is no JSON or YAML. */
export async function readConfigFile(
  path: string,
  format: "json" | "yaml",
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<ConfigFile> {
  options.signal?.throwIfAborted();
  const source = await readText(path);
  options.signal?.throwIfAborted();
  // Only who has a file pays for it.
  const yaml = await import("yaml");
  const lines = new yaml.LineCounter();
  const document = yaml.parseDocument(source, {
    lineCounter: lines,
    prettyErrors: false,
    schema: "core",
    stringKeys: true,
    uniqueKeys: true,
  });
  // JSON is YAML but for some blanks, so for JSON this is where things are and what is there twice, which JSON.parse does not mind.
  const faults = [...document.errors, ...document.warnings].filter(
    ({ code }) => format === "yaml" || code === "DUPLICATE_KEY",
  );
  if (faults.length > 0) {
    throw invalid(
      path,
      format,
      faults.map(({ message, pos }) => `${message} (${position(lines, pos[0])})`),
    );
  }
  return {
    value: readValue(path, source, format, document, lines),
    locate: (field) => locate(yaml, document, lines, field),
  };
}

function readValue(
  path: string,
  source: string,
  format: "json" | "yaml",
  document: Document,
  lines: LineCounter,
): unknown {
  try {
    return format === "json" ? JSON.parse(source) : document.toJS();
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    // V8 says where, or that it is the end.
    const [, offset] = /at position (\d+)/.exec(message) ?? [];
    const fault = message.replace(/ \(line \d+ column \d+\)$/, "");
    const at = offset === undefined ? source.length : Number(offset);
    throw invalid(path, format, [format === "json" ? `${fault} (${position(lines, at)})` : fault]);
  }
}

async function readText(path: string): Promise<string> {
  try {
    // Nobody waits for who might write into a FIFO.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw new Error("it is no regular file");
    const buffer = Buffer.alloc(MAX_BYTES + 1);
    let size = 0;
    for (let bytes = 1; bytes > 0 && size < buffer.length; size += bytes) {
      bytes = (await file.read(buffer, size, buffer.length - size)).bytesRead;
    }
    if (size > MAX_BYTES) throw new Error(`it has more than ${MAX_BYTES} bytes`);
    return new TextDecoder("utf-8", { fatal: true }).decode(buffer.subarray(0, size));
  } catch (cause) {
    throw new CoreError({
      code: "CONFIG_UNREADABLE",
      message: `The configuration ${path} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      hint: "Give the path of a text file in UTF-8 of at most 1 MiB.",
      cause,
      details: { path },
    });
  }
}

/** Where the name of a field is written, or the beginning of a list's entry; of what is missing, what should hold it. */
function locate(
  yaml: typeof import("yaml"),
  document: Document,
  lines: LineCounter,
  path: FieldPath,
): string | undefined {
  let node: unknown = document.contents;
  let found = offsetOf(node);
  for (const step of path) {
    if (yaml.isAlias(node)) node = node.resolve(document);
    if (yaml.isMap(node)) {
      const pair = node.items.find(({ key }) => yaml.isScalar(key) && key.value === step);
      if (pair === undefined) break;
      found = offsetOf(pair.key) ?? found;
      node = pair.value;
    } else if (yaml.isSeq(node)) {
      node = node.items[Number(step)];
      found = offsetOf(node) ?? found;
    } else break;
  }
  return found === undefined ? undefined : position(lines, found);
}

function offsetOf(node: unknown): number | undefined {
  return (node as Node | null | undefined)?.range?.[0];
}

function position(lines: LineCounter, offset: number): string {
  const { line, col } = lines.linePos(offset);
  return `line ${line}, column ${col}`;
}

function invalid(path: string, format: "json" | "yaml", faults: readonly string[]): CoreError {
  return new CoreError({
    code: "CONFIG_INVALID",
    message: `${path} is not ${format.toUpperCase()}: ${faults.join("; ")}`,
    hint: "Correct the places named above.",
    details: { path, faults },
  });
}
