import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Digest } from "@a3s/core";
import type { TestContent } from "../image/blob.ts";
import { FaultPlan, type FaultRule, type RequestKind } from "./fault.ts";
import { Gate, type TestRegistryAuth } from "./gate.ts";
import { type Answer, send } from "./send.ts";

/** What a test registry serves, and how badly. */
export interface TestRegistryOptions {
  /** Repository -> tag -> image or index. */
  readonly repositories: Readonly<Record<string, Readonly<Record<string, TestContent>>>>;
  readonly faults?: readonly FaultRule[];
  readonly auth?: TestRegistryAuth;
}

/** A request as it came in. */
export interface RecordedRequest {
  readonly kind: RequestKind;
  readonly method: string;
  /** With the query. */
  readonly path: string;
  readonly headers: IncomingMessage["headers"];
}

/** A registry in this process, on a port of the loopback. Disposing it closes every connection. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:port` */
  readonly host: string;
  readonly requests: readonly RecordedRequest[];
  /** Makes one more thing go wrong. */
  addFault(rule: FaultRule): void;
}

const PATH = /^\/v2\/(?<repository>.+)\/(?<kind>manifests|blobs)\/(?<reference>[^/]+)$/;

/**
 * Starts a registry that serves images out of memory by the distribution specification (pull only).
 *
 * ```ts
 * await using registry = await startTestRegistry({
 *   repositories: { "library/a": { latest: testImage() } },
 *   faults: [{ kind: "blob", times: 1, fault: { type: "truncate", afterBytes: 100 } }],
 * });
 * ```
 */
export async function startTestRegistry(options: TestRegistryOptions): Promise<TestRegistry> {
  const requests: RecordedRequest[] = [];
  const faults = new FaultPlan(options.faults ?? []);
  const gate = new Gate(options.auth);

  const answerTo = (request: IncomingMessage, kind: RequestKind, path: string): Answer => {
    if (kind === "token") {
      const token = gate.token(request);
      return token === undefined ? failure(401, "UNAUTHORIZED") : json({ token });
    }
    const challenge = gate.challenge(request, `http://${request.headers.host}`);
    if (challenge !== undefined) return failure(401, "UNAUTHORIZED", { "www-authenticate": challenge });
    return kind === "ping" ? json({}) : contentAnswer(options.repositories, path);
  };

  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { url: path = "/", method = "GET", headers } = request;
    const kind = kindOf(path);
    requests.push({ kind, method, path, headers });
    const fault = faults.next({ kind, method, path });
    // A request that a fault answers needs no authorisation and uses none up.
    send(request, response, answerTo(request, kind, path), fault);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    addFault: (rule) => faults.add(rule),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function kindOf(path: string): RequestKind {
  if (path.startsWith("/token")) return "token";
  const kind = PATH.exec(path)?.groups?.["kind"];
  if (kind === undefined) return "ping";
  return kind === "manifests" ? "manifest" : "blob";
}

function contentAnswer(repositories: TestRegistryOptions["repositories"], path: string): Answer {
  const { repository = "", kind, reference = "" } = PATH.exec(path)?.groups ?? {};
  const tags = repositories[decodeURIComponent(repository)];
  if (tags === undefined) return failure(404, "NAME_UNKNOWN");
  const contents = Object.values(tags);
  const digest = kind === "manifests" ? (tags[reference]?.descriptor.digest ?? reference) : reference;
  const body = contents.map(({ blobs }) => blobs.get(digest as Digest)).find((bytes) => bytes !== undefined);
  if (body === undefined) return failure(404, kind === "manifests" ? "MANIFEST_UNKNOWN" : "BLOB_UNKNOWN");
  const mediaType = kind === "manifests" ? manifestType(body) : "application/octet-stream";
  const headers = { "content-type": mediaType, "docker-content-digest": digest };
  return { status: 200, headers, body, ranges: kind === "blobs" };
}

function manifestType(body: Uint8Array): string {
  const { mediaType } = JSON.parse(Buffer.from(body).toString("utf8")) as { mediaType?: string };
  return mediaType ?? "application/vnd.oci.image.manifest.v1+json";
}

function json(value: unknown): Answer {
  return { status: 200, headers: { "content-type": "application/json" }, body: Buffer.from(JSON.stringify(value)) };
}

function failure(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Answer {
  const answer = json({ errors: [{ code, message: code.toLowerCase().replace("_", " ") }] });
  return { ...answer, status, headers: { ...answer.headers, ...headers } };
}
