import { domainFault, pathComponentFault } from "../reference/grammar.ts";
import type { Reference } from "../reference/reference.ts";
import { optionsInvalid } from "./options-invalid.ts";

/** Registry -> what has the same repositories, `host[:port]` or `host[:port]/path/above/them`, in order of preference. */
export type MirrorOptions = Readonly<Record<string, readonly string[]>>;

/** A repository of a registry. */
export type RepositoryPlace = Pick<Reference, "registry" | "repository">;

/** Where registries' repositories can be had as well. */
export class Mirrors {
  readonly #mirrors: ReadonlyMap<string, readonly { readonly registry: string; readonly path: string }[]>;

  /** @throws OciError `REGISTRY_OPTIONS_INVALID` */
  constructor(options: MirrorOptions = {}) {
    const parse = ([registry, mirrors]: [string, readonly string[]]) => {
      if (domainFault(registry) !== undefined) throw invalid(registry, `is for no registry`);
      return [registry, mirrors.map((mirror) => parseMirror(registry, mirror))] as const;
    };
    this.#mirrors = new Map(Object.entries(options).map(parse));
  }

  /** The places of a repository in the mirrors of its registry. */
  placesOf({ registry, repository }: RepositoryPlace): readonly RepositoryPlace[] {
    const mirrors = this.#mirrors.get(registry) ?? [];
    return mirrors.map(({ registry, path }) => ({ registry, repository: `${path}${repository}` }));
  }
}

function parseMirror(registry: string, mirror: string) {
  const [host = "", ...path] = mirror.split("/");
  const fault = domainFault(host) ?? path.map(pathComponentFault).find((found) => found !== undefined);
  if (fault !== undefined) throw invalid(registry, `has a mirror of which a part ${fault}`);
  return { registry: host, path: path.map((part) => `${part}/`).join("") };
}

function invalid(registry: string, fault: string) {
  const hint = "Write host, host:port or host:port/path, without a scheme.";
  return optionsInvalid(`mirrors[${JSON.stringify(registry.slice(0, 200))}]`, fault, hint);
}
