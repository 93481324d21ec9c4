import type { PullEvent, PushEvent } from "@a3s/oci";
import { createLogUpdate } from "log-update";
import { type BlobProgress, formatBlob, formatBlobs } from "./transfer-view.ts";

/** Shows how far a transfer is, until it is disposed. */
export interface TransferReport extends Disposable {
  readonly onProgress: (event: PullEvent | PushEvent) => void;
}

/** On a terminal a bar for each blob; otherwise a line for each that is there. Nothing when `quiet`. */
export function reportTransfer(stream: NodeJS.WriteStream, quiet: boolean): TransferReport {
  if (quiet) return { onProgress: () => {}, [Symbol.dispose]() {} };
  return stream.isTTY ? liveReport(stream) : plainReport(stream);
}

function plainReport(stream: NodeJS.WriteStream): TransferReport {
  return {
    onProgress(event) {
      const blob = blobOf(event);
      if (blob !== undefined && blob.state !== "moving")
        stream.write(`${formatBlob(blob, Number.POSITIVE_INFINITY)}\n`);
    },
    [Symbol.dispose]() {},
  };
}

function liveReport(stream: NodeJS.WriteStream): TransferReport {
  const blobs = new Map<string, BlobProgress>();
  const screen = createLogUpdate(stream);
  return {
    onProgress(event) {
      const blob = blobOf(event);
      if (blob === undefined) return;
      blobs.set(blob.digest, blob);
      screen(formatBlobs([...blobs.values()], { columns: stream.columns, rows: stream.rows }));
    },
    [Symbol.dispose]: () => screen.done(),
  };
}

function blobOf(event: PullEvent | PushEvent): BlobProgress | undefined {
  switch (event.type) {
    case "layer-progress":
      return { ...event, moved: event.received, state: "moving" };
    case "blob-progress":
      return { ...event, moved: event.sent, state: "moving" };
    case "layer-present":
    case "blob-present":
    case "blob-mounted":
      return { ...event, moved: event.size, state: "present" };
    case "layer-done":
    case "blob-done":
      return { ...event, moved: event.size, state: "done" };
    default:
      return undefined;
  }
}
