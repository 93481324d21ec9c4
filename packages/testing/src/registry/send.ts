import type { IncomingMessage, ServerResponse } from "node:http";
import { type Answer, failure } from "./answer.ts";
import type { Fault } from "./fault.ts";
import { parseRange } from "./range.ts";

/** Pause between two parts of a throttled body. */
const PACE_MS = 20;

/** Lets a fault answer in the registry's place. @returns whether it did. */
export function sendInstead(request: IncomingMessage, response: ServerResponse, fault: Fault | undefined): boolean {
  switch (fault?.type) {
    case "reset":
      response.destroy();
      return true;
    case "status":
      plain(response, fault.status, { "content-type": "application/json", ...fault.headers }, fault.body ?? "");
      return true;
    case "redirect":
      plain(response, fault.status ?? 307, { location: fault.to.replace("{path}", request.url ?? "/") }, "");
      return true;
    case "html":
      plain(response, 200, { "content-type": "text/html; charset=utf-8" }, "<!doctype html><title>Sign in</title>");
      return true;
    case "handler":
      fault.handle(request, response);
      return true;
    default:
      return false;
  }
}

/** Sends an answer, with whatever a fault does to it. Bodies are sent out of memory, without a copy of them. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer, fault?: Fault): void {
  if (fault?.type === "lost-answer") {
    response.destroy();
    return;
  }
  const ranged = fault?.type === "ignore-range" ? answer : rangeOf(request, answer);
  const parts = partsOf(ranged.body, fault);
  const length = parts.reduce((sum, part) => sum + part.length, 0);
  const lie = fault?.type === "wrong-length" ? fault.by : 0;
  response.writeHead(ranged.status, headersOf({ "content-length": String(length + lie), ...ranged.headers }, fault));
  if (request.method === "HEAD") response.end();
  else sendBody(response, parts, fault);
}

function sendBody(response: ServerResponse, parts: readonly Uint8Array[], fault: Fault | undefined): void {
  switch (fault?.type) {
    case "truncate":
      response.write(firstOf(parts).subarray(0, fault.afterBytes), () => response.destroy());
      return;
    case "stall":
      // The headers go out even when not one byte follows.
      response.flushHeaders();
      response.write(firstOf(parts).subarray(0, fault.afterBytes));
      return;
    case "wrong-length":
      response.write(firstOf(parts), () => response.destroy());
      return;
    case "throttle":
      pace(response, firstOf(parts), Math.max(1, Math.round((fault.bytesPerSecond * PACE_MS) / 1000)));
      return;
    default:
      for (const part of parts) response.write(part);
      response.end();
  }
}

function pace(response: ServerResponse, body: Uint8Array, step: number): void {
  if (response.destroyed) return;
  response.write(body.subarray(0, step));
  if (body.length <= step) response.end();
  else setTimeout(pace, PACE_MS, response, body.subarray(step), step).unref();
}

function rangeOf(request: IncomingMessage, answer: Answer): Answer {
  const { body, headers } = answer;
  const range = answer.ranges === true ? parseRange(request.headers.range, body.length) : undefined;
  if (range === undefined) return answer;
  if (range === "unsatisfiable") return failure(416, "RANGE_INVALID", { "content-range": `bytes */${body.length}` });
  const { start, end } = range;
  const contentRange = `bytes ${start}-${end - 1}/${body.length}`;
  return { status: 206, headers: { ...headers, "content-range": contentRange }, body: body.subarray(start, end) };
}

function partsOf(body: Uint8Array, fault: Fault | undefined): readonly Uint8Array[] {
  if (fault?.type === "lengthen") return [body, Buffer.alloc(fault.bytes)];
  if (fault?.type !== "corrupt") return [body];
  const middle = body.length >> 1;
  return [body.subarray(0, middle), Buffer.of((body[middle] ?? 0) ^ 1), body.subarray(middle + 1)];
}

function firstOf(parts: readonly Uint8Array[]): Uint8Array {
  return parts[0] ?? Buffer.of();
}

function headersOf(headers: Readonly<Record<string, string>>, fault: Fault | undefined): Record<string, string> {
  if (fault?.type !== "headers") return { ...headers };
  const changed = Object.entries({ ...headers, ...fault.headers });
  return Object.fromEntries(changed.filter((entry): entry is [string, string] => entry[1] !== null));
}

function plain(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  response.writeHead(status, headers).end(body);
}
