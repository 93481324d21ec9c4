import { type Digest, digestParts, isDigest } from "@a3s/core";
import { protocolError } from "./faults.ts";
import type { HttpAnswer } from "./http-answer.ts";

/** The digest that an answer names must be the one that was sent; of another algorithm it says nothing. */
export function expectDigest(answer: HttpAnswer, digest: Digest): void {
  const header = answer.header("docker-content-digest");
  if (!isDigest(header) || header === digest) return;
  if (digestParts(header).algorithm !== digestParts(digest).algorithm) return;
  const { host } = answer.url;
  throw protocolError(`${host} took ${digest} in as ${header}`, { host, digest, answered: header });
}
