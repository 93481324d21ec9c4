import { type Digest, digestParts } from "@a3s/core";
import { contentDigest } from "../content/content-digest.ts";
import { readCapped } from "../content/read-capped.ts";
import { OciError } from "../errors/oci-error.ts";
import type { Descriptor } from "../manifest/descriptor.ts";
import { MAX_INDEX_BYTES, tooLarge } from "../manifest/json-document.ts";
import { parseManifest, type RawManifest } from "../manifest/manifest.ts";
import { bareMediaType } from "../manifest/media-type.ts";
import { protocolError } from "./faults.ts";
import type { HttpAnswer } from "./http-answer.ts";
import { getManifest } from "./manifests.ts";
import { retrying } from "./retry.ts";
import type { RegistrySession } from "./session.ts";
import { statusFault } from "./status.ts";

const INDEX = "application/vnd.oci.image.index.v1+json";
const MAX_PAGES = 16;
/** Statuses of registries without the API; by the specification only 404. */
const UNAVAILABLE: ReadonlySet<number> = new Set([404, 405, 501]);

interface Page {
  readonly descriptors: readonly Descriptor[];
  readonly next: URL | undefined;
}

/**
 * The manifests whose subject is `digest` (distribution-spec, "Listing Referrers"); where the API is unavailable, those that the
 * referrers tag lists. `undefined` when neither knows of any.
 */
export async function listReferrers(
  session: RegistrySession,
  digest: Digest,
  signal: AbortSignal | undefined,
): Promise<readonly Descriptor[] | undefined> {
  const referrers: Descriptor[] = [];
  let path: string | URL | undefined = `referrers/${digest}`;
  for (let pages = 0; path !== undefined; pages++) {
    if (pages === MAX_PAGES)
      throw protocolError(`${session.base.host} lists more than ${MAX_PAGES} pages of referrers`);
    const asked: string | URL = path;
    const page: Page | undefined = await retrying(() => getPage(session, asked, signal), session.retry, signal);
    if (page === undefined) return pages === 0 ? await taggedReferrers(session, digest, signal) : referrers;
    referrers.push(...page.descriptors);
    path = page.next;
  }
  return referrers.length === 0 ? undefined : referrers;
}

/** `undefined` when the registry does not know the API. */
async function getPage(
  session: RegistrySession,
  path: string | URL,
  signal: AbortSignal | undefined,
): Promise<Page | undefined> {
  await using answer = await session.send({ method: "GET", path, headers: { accept: INDEX }, signal });
  if (UNAVAILABLE.has(answer.status)) return undefined;
  const what = `the referrers in ${session.name}`;
  if (answer.status !== 200) throw await statusFault(answer, { what, notFound: "IMAGE_NOT_FOUND" });
  const mediaType = bareMediaType(answer.header("content-type") ?? INDEX);
  if (mediaType === "text/html") throw protocolError(`${answer.url.host} answered an HTML page when asked for ${what}`);
  const bytes = await readCapped(answer.body(), MAX_INDEX_BYTES);
  if (bytes === undefined) throw tooLarge(what, MAX_INDEX_BYTES + 1, MAX_INDEX_BYTES);
  const descriptors = entriesOf({ bytes, digest: contentDigest(bytes, "sha256"), mediaType: INDEX });
  return { descriptors, next: nextPage(answer, session) };
}

/** distribution-spec, "Unavailable Referrers API" and "Referrers Tag Schema". */
async function taggedReferrers(session: RegistrySession, digest: Digest, signal: AbortSignal | undefined) {
  const { algorithm, hex } = digestParts(digest);
  try {
    const entries = entriesOf(await getManifest(session, `${algorithm}-${hex.slice(0, 64)}`, signal));
    return entries.length === 0 ? undefined : entries;
  } catch (error) {
    if (error instanceof OciError && error.code === "IMAGE_NOT_FOUND") return undefined;
    throw error;
  }
}

function entriesOf(raw: RawManifest): readonly Descriptor[] {
  const parsed = parseManifest(raw);
  return parsed.kind === "index" ? parsed.index.manifests : [];
}

/** RFC 8288: `<address>; rel="next"`. It must not lead to another host, which has no authorisation for these. */
function nextPage(answer: HttpAnswer, session: RegistrySession): URL | undefined {
  const address = /<([^<>]{0,4096})>\s*;\s*rel="?next"?(?=[\s,;]|$)/i.exec(answer.header("link") ?? "")?.[1];
  if (address === undefined) return undefined;
  const next = URL.canParse(address, answer.url.href) ? new URL(address, answer.url) : undefined;
  if (next?.origin === session.base.origin) return next;
  throw protocolError(`${answer.url.host} has the next page of referrers somewhere else`);
}
