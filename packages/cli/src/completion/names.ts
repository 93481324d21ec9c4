import { createRuntime } from "@a3s/box-runtime";
import { familiarName } from "../output/familiar-name.ts";
import type { Candidate, NameKind } from "./completion-plan.ts";

/** Whoever presses a key does not wait longer, in ms: not for a lock, and not for a slow disk. */
const PATIENCE_MS = 1000;

/** Names of the home directory that may complete a word; none where they cannot be had at once. */
export async function findNames(kind: NameKind, word: string): Promise<readonly Candidate[]> {
  try {
    return await listNames(kind, word, AbortSignal.timeout(PATIENCE_MS));
  } catch {
    return [];
  }
}

async function listNames(kind: NameKind, word: string, signal: AbortSignal): Promise<readonly Candidate[]> {
  const runtime = createRuntime();
  switch (kind) {
    case "box":
      return (await runtime.boxes.list({ signal })).map(({ name, state }) => ({ value: name, description: state }));
    case "image":
      return (await runtime.images.names({ signal })).map((name) => ({
        value: word.startsWith("docker.io/") ? name : familiarName(name),
        description: "image",
      }));
    case "network":
    case "network-or-kind":
      return (await runtime.networks.list({ signal }))
        .filter((network) => kind === "network-or-kind" || network.kind === "named")
        .map(({ name, description }) => ({ value: name, description }));
    case "volume":
      return (await runtime.volumes.list({ signal })).map(({ name }) => ({ value: name, description: "volume" }));
  }
}
