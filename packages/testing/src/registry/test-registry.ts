import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { RegistryApi, type RegistryApiOptions } from "./api.ts";
import type { RegistryContent } from "./content.ts";
import { FaultPlan, type FaultRule, type RequestKind } from "./fault.ts";
import { routeOf } from "./route.ts";
import { send, sendInstead } from "./send.ts";

/** What a test registry serves, and how badly. */
export interface TestRegistryOptions extends RegistryApiOptions {
  readonly faults?: readonly FaultRule[];
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
  /** What it holds, pushed content included. */
  readonly content: Pick<RegistryContent, "blob" | "manifest" | "tags">;
  /** Uploads that are neither finished nor deleted. */
  readonly openUploads: number;
  /** Makes one more thing go wrong. */
  addFault(rule: FaultRule): void;
}

/**
 * Starts a registry that keeps images in memory by the distribution specification: pulls, pushes and referrers.
 *
 * ```ts
 * await using registry = await startTestRegistry({
 *   repositories: { "library/a": { latest: testImage() } },
 *   faults: [{ kind: "blob", times: 1, fault: { type: "truncate", afterBytes: 100 } }],
 * });
 * ```
 */
export async function startTestRegistry(options: TestRegistryOptions = {}): Promise<TestRegistry> {
  const requests: RecordedRequest[] = [];
  const faults = new FaultPlan(options.faults ?? []);
  const api = new RegistryApi(options);
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { url: path = "/", method = "GET", headers } = request;
    const route = routeOf(path);
    const { kind } = route;
    requests.push({ kind, method, path, headers });
    const fault = faults.next({ kind, method, path });
    // A request that a fault answers needs no authorisation and uses none up.
    if (!sendInstead(request, response, fault)) send(request, response, await api.answer(request, route, fault), fault);
  };
  const server = createServer((request, response) => {
    // A client that leaves in the middle of its body, or is made to.
    serve(request, response).catch(() => response.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    content: api.content,
    get openUploads() {
      return api.uploads.open;
    },
    addFault: (rule) => faults.add(rule),
    async [Symbol.asyncDispose]() {
      const closed = once(server, "close");
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
