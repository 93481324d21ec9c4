import type { IncomingMessage } from "node:http";
import { type Answer, failure, json } from "./answer.ts";
import { RegistryContent, type Repositories } from "./content.ts";
import type { Fault } from "./fault.ts";
import { Gate, type TestRegistryAuth } from "./gate.ts";
import { getManifest, listReferrers, putManifest } from "./manifests.ts";
import type { Route } from "./route.ts";
import { type UploadOptions, Uploads } from "./uploads.ts";

/** What a registry has and how it works. */
export interface RegistryApiOptions {
  /** Repository -> tag -> image or index; empty by default. */
  readonly repositories?: Repositories;
  readonly auth?: TestRegistryAuth;
  readonly uploads?: UploadOptions;
  /** Whether it lists referrers; it does by default. Without, clients keep them under a tag. */
  readonly referrers?: boolean;
}

/** Answers requests, as a registry in good health does. */
export class RegistryApi {
  readonly content: RegistryContent;
  readonly uploads: Uploads;
  readonly #gate: Gate;
  readonly #referrers: boolean;

  constructor({ repositories = {}, uploads = {}, auth, referrers = true }: RegistryApiOptions) {
    this.content = new RegistryContent(repositories);
    this.uploads = new Uploads(this.content, uploads);
    this.#gate = new Gate(auth);
    this.#referrers = referrers;
  }

  async answer(request: IncomingMessage, route: Route, fault: Fault | undefined): Promise<Answer> {
    const { kind } = route;
    if (kind === "token") return this.#gate.token(request, route);
    const refusal = this.#gate.refusal(request, route);
    if (refusal !== undefined) return refusal;
    const body = fault?.type === "cut" ? cut(request, fault.afterBytes) : request;
    switch (kind) {
      case "ping":
        return json({});
      case "upload": {
        const { method = "GET", headers } = request;
        if (fault?.type === "forget") this.uploads.forget(route.reference);
        const mayRead = (repository: string) => this.#gate.mayRead(request, repository);
        return this.uploads.answer({ method, headers, route, body, mayRead });
      }
      case "blob":
        return this.#blob(route);
      case "manifest":
        return request.method === "PUT" ? this.#putManifest(request, route, body) : getManifest(this.content, route);
      case "referrers":
        return this.#referrers ? listReferrers(this.content, route) : failure(404, "UNSUPPORTED");
    }
  }

  #blob({ repository, reference }: Route): Answer {
    const body = this.content.blob(repository, reference);
    if (body === undefined) return failure(404, this.content.has(repository) ? "BLOB_UNKNOWN" : "NAME_UNKNOWN");
    const headers = { "content-type": "application/octet-stream", "docker-content-digest": reference };
    return { status: 200, headers, body, ranges: true };
  }

  async #putManifest(request: IncomingMessage, route: Route, body: AsyncIterable<Uint8Array>): Promise<Answer> {
    const bytes = Buffer.concat(await Array.fromAsync(body));
    const mediaType = request.headers["content-type"];
    return putManifest(this.content, route, { bytes, mediaType, referrers: this.#referrers });
  }
}

/** The first bytes of a request; then its connection breaks. */
async function* cut(request: IncomingMessage, bytes: number): AsyncGenerator<Uint8Array, void, undefined> {
  let left = bytes;
  for await (const piece of request as AsyncIterable<Uint8Array>) {
    yield piece.subarray(0, left);
    left -= piece.length;
    if (left <= 0) throw new Error("cut");
  }
}
