import { type Digest, isDigest } from "@a3s/core";
import { OciError } from "../errors/oci-error.ts";
import { domainFault, MAX_REPOSITORY_LENGTH, pathComponentFault, tagFault } from "./grammar.ts";

/** A reference to an image in a registry, normalised. At least one of tag and digest is present; the digest decides. */
export interface Reference {
  /** Host, with port if any, as in `docker.io`, `localhost:5000`, `[::1]:5000`. */
  readonly registry: string;
  /** Path in the registry, as in `library/redis`. */
  readonly repository: string;
  readonly tag?: string;
  readonly digest?: Digest;
}

/** The part of a reference that an error points at. */
export type ReferencePart = "reference" | "registry" | "repository" | "tag" | "digest";

const DEFAULT_REGISTRY = "docker.io";
const LEGACY_DEFAULT_REGISTRY = "index.docker.io";
const OFFICIAL_PREFIX = "library/";
const DEFAULT_TAG = "latest";

/**
 * Parses what users write (`redis:7`, `ghcr.io/a/b@sha256:…`) by the grammar and the defaults of distribution/reference.
 *
 * ```ts
 * parseReference("redis:7"); // { registry: "docker.io", repository: "library/redis", tag: "7" }
 * ```
 *
 * @throws {@link OciError} `REFERENCE_INVALID` with `details` `{ input, part, value, offset }`.
 */
export function parseReference(input: string): Reference {
  const fail = (part: ReferencePart, value: string, offset: number, fault: string): never => {
    throw referenceInvalid(input, part, value, offset, fault);
  };
  if (input === "") fail("reference", "", 0, "is empty");
  const scheme = /^[A-Za-z][A-Za-z0-9+.-]*:\/\//.exec(input)?.[0];
  if (scheme !== undefined) fail("reference", scheme, 0, "is a URL scheme, which a reference does not have");

  const at = input.indexOf("@");
  const digest = at === -1 ? undefined : input.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) {
    fail("digest", digest, at + 1, "is not sha256: and 64, or sha512: and 128, lower-case hexadecimal digits");
  }
  const named = at === -1 ? input : input.slice(0, at);

  const { domain, rest } = splitDomain(named);
  const restOffset = named.length - rest.length;
  if (domain !== undefined) {
    const fault = domainFault(domain);
    if (fault !== undefined) fail("registry", domain, 0, fault);
  }

  const colon = rest.lastIndexOf(":");
  const hasTag = colon !== -1 && !rest.includes("/", colon);
  const path = hasTag ? rest.slice(0, colon) : rest;
  const tag = hasTag ? rest.slice(colon + 1) : undefined;

  let offset = restOffset;
  for (const component of path.split("/")) {
    const fault = pathComponentFault(component);
    if (fault !== undefined) fail("repository", component, offset, fault);
    offset += component.length + 1;
  }
  // A bare image ID would silently become the name of a repository on Docker Hub.
  if (domain === undefined && /^[0-9a-f]{64}$/.test(path)) {
    fail("repository", path, restOffset, "looks like an image ID, which cannot be a repository");
  }
  if (tag !== undefined) {
    const fault = tagFault(tag);
    if (fault !== undefined) fail("tag", tag, restOffset + colon + 1, fault);
  }

  const registry = domain === undefined || domain === LEGACY_DEFAULT_REGISTRY ? DEFAULT_REGISTRY : domain;
  const repository = registry === DEFAULT_REGISTRY && !path.includes("/") ? OFFICIAL_PREFIX + path : path;
  if (repository.length > MAX_REPOSITORY_LENGTH) {
    fail("repository", path, restOffset, `is longer than ${MAX_REPOSITORY_LENGTH} characters`);
  }
  return {
    registry,
    repository,
    ...(tag !== undefined ? { tag } : digest === undefined ? { tag: DEFAULT_TAG } : {}),
    ...(digest !== undefined ? { digest: digest as Digest } : {}),
  };
}

/** The one spelling of a reference: `registry/repository[:tag][@digest]`. It parses to the same reference again. */
export function formatReference(reference: Reference): string {
  const { registry, repository, tag, digest } = reference;
  return `${registry}/${repository}${tag === undefined ? "" : `:${tag}`}${digest === undefined ? "" : `@${digest}`}`;
}

/**
 * distribution/reference, normalize.go: what stands before the first slash is a registry if it has a period or a colon,
 * is `localhost`, or has capitals (which no path component may have). Without a slash there is none: `redis:7` has a tag.
 */
function splitDomain(named: string): { readonly domain?: string; readonly rest: string } {
  const slash = named.indexOf("/");
  const first = named.slice(0, Math.max(slash, 0));
  const isDomain = /[.:]/.test(first) || first === "localhost" || first.toLowerCase() !== first;
  return isDomain ? { domain: first, rest: named.slice(slash + 1) } : { rest: named };
}

function referenceInvalid(given: string, part: ReferencePart, value: string, offset: number, fault: string): OciError {
  // Who pastes the address of a repository may paste a password with it.
  const input = given.replace(/^([A-Za-z][A-Za-z0-9+.-]*:\/\/)[^/]*@/, "$1…@");
  const shown = JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  const whole = JSON.stringify(input.length > 200 ? `${input.slice(0, 200)}…` : input);
  const what = part === "reference" ? shown : `the ${part} part ${shown}`;
  return new OciError({
    code: "REFERENCE_INVALID",
    message: `${whole} is not an image reference: ${what} (at character ${offset + 1}) ${fault}`,
    hint: "Write [registry/]repository[:tag][@digest], for example alpine:3.22 or ghcr.io/owner/name:tag.",
    details: { input, part, value, offset },
  });
}
