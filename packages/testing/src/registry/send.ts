import type { IncomingMessage, ServerResponse } from "node:http";
import type { Fault } from "./fault.ts";

/** An answer before anything goes wrong with it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Whether `Range` is served. */
  readonly ranges?: boolean;
}

/** Sends an answer with a fault, or as it is. */
export function send(request: IncomingMessage, response: ServerResponse, answer: Answer, fault?: Fault): void {
  switch (fault?.type) {
    case "reset":
      request.socket.destroy();
      return;
    case "status":
      plain(response, fault.status, { "content-type": "application/json", ...fault.headers }, fault.body ?? "");
      return;
    case "redirect":
      plain(response, fault.status ?? 307, { location: fault.to.replace("{path}", request.url ?? "/") }, "");
      return;
    case "html":
      plain(response, 200, { "content-type": "text/html; charset=utf-8" }, "<!doctype html><title>Sign in</title>");
      return;
    case "handler":
      fault.handle(request, response);
      return;
    default:
      content(request, response, altered(answer, fault), fault);
  }
}

function altered(answer: Answer, fault: Fault | undefined): Answer {
  if (fault?.type === "corrupt") {
    const body = Uint8Array.from(answer.body);
    body[body.length >> 1] = (body[body.length >> 1] ?? 0) ^ 1;
    return { ...answer, body };
  }
  if (fault?.type === "lengthen") return { ...answer, body: Buffer.concat([answer.body, Buffer.alloc(fault.bytes)]) };
  if (fault?.type === "ignore-range") return { ...answer, ranges: false };
  if (fault?.type !== "headers") return answer;
  const headers = Object.entries({ ...answer.headers, ...fault.headers }).filter(([, value]) => value !== null);
  return { ...answer, headers: Object.fromEntries(headers) as Record<string, string> };
}

function content(request: IncomingMessage, response: ServerResponse, answer: Answer, fault: Fault | undefined): void {
  const { body, headers } = answer;
  const range = answer.ranges === true ? /^bytes=(\d+)-$/.exec(request.headers.range ?? "")?.[1] : undefined;
  const start = Number(range ?? 0);
  const part = body.subarray(start);
  const ranged = range === undefined ? {} : { "content-range": `bytes ${start}-${body.length - 1}/${body.length}` };
  response.writeHead(range === undefined ? answer.status : 206, {
    "content-length": part.length,
    ...headers,
    ...ranged,
  });
  if (request.method === "HEAD") {
    response.end();
  } else if (fault?.type === "truncate") {
    response.write(part.subarray(0, fault.afterBytes), () => response.destroy());
  } else if (fault?.type === "stall") {
    // The headers go out even when not one byte follows.
    response.flushHeaders();
    response.write(part.subarray(0, fault.afterBytes));
  } else {
    response.end(part);
  }
}

function plain(
  response: ServerResponse,
  status: number,
  headers: Readonly<Record<string, string>>,
  body: string,
): void {
  response.writeHead(status, headers).end(body);
}
