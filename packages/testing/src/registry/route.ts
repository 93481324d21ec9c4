import type { RequestKind } from "./fault.ts";

/** What a request's path says, by the distribution specification. */
export interface Route {
  readonly kind: RequestKind;
  readonly repository: string;
  /** A tag or a digest; of an upload its ID, empty when one is begun. */
  readonly reference: string;
  readonly query: URLSearchParams;
}

const PATH =
  /^\/v2\/(?<repository>.+)\/(?:blobs\/uploads\/(?<upload>[^/]*)|(?<kind>manifests|blobs|referrers)\/(?<reference>[^/]+))$/;

const KINDS: Readonly<Record<string, RequestKind>> = { manifests: "manifest", blobs: "blob", referrers: "referrers" };

/** Reads `path`, which may have a query. What is none of the API's paths is a ping. */
export function routeOf(path: string): Route {
  const [bare = "", search = ""] = path.split("?", 2);
  const query = new URLSearchParams(search);
  if (bare === "/token") return { kind: "token", repository: "", reference: "", query };
  const { repository, upload, kind = "", reference = "" } = PATH.exec(bare)?.groups ?? {};
  if (repository === undefined) return { kind: "ping", repository: "", reference: "", query };
  const name = decodeURIComponent(repository);
  if (upload !== undefined) return { kind: "upload", repository: name, reference: upload, query };
  return { kind: KINDS[kind] ?? "ping", repository: name, reference: decodeURIComponent(reference), query };
}
