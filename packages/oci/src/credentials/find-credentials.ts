import { LastingWork } from "../registry/shared-work.ts";
import type { Credentials, CredentialsPlace, CredentialsSource, Environment } from "./credentials.ts";
import { StoredCredentials } from "./stored-credentials.ts";

/** Credentials as an option: a value for the registry that an image is named after, a function for any registry, or none at all. */
export type CredentialsOption = Credentials | CredentialsSource | "anonymous";

/** Who is asked for credentials. */
export interface CredentialsAsked extends CredentialsPlace {
  /** Whether it stands in for another registry, whose credentials it must not see. */
  readonly isMirror: boolean;
}

/** Finds the credentials of registries, once each; without an option, those that Docker and Podman keep. */
export class CredentialsFinder {
  readonly #option: CredentialsOption | undefined;
  readonly #stored: StoredCredentials;
  readonly #given = new LastingWork<Credentials | undefined>();

  constructor(option: CredentialsOption | undefined, environment: Environment) {
    this.#option = option;
    this.#stored = new StoredCredentials(environment);
  }

  /** @throws OciError `CREDENTIALS_UNAVAILABLE`, what a given function throws, or the signal's reason. */
  async find(asked: CredentialsAsked, signal: AbortSignal | undefined): Promise<Credentials | undefined> {
    const option = this.#option;
    if (option === "anonymous") return undefined;
    if (typeof option === "function") {
      const { registry } = asked;
      return this.#given.run(registry, (shared) => option(registry, { signal: shared }), signal);
    }
    return option !== undefined && !asked.isMirror ? option : this.#stored.find(asked, signal);
  }
}
