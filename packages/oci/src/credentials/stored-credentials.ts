import { constants } from "node:fs";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { readCapped } from "../content/read-capped.ts";
import { LastingWork } from "../registry/shared-work.ts";
import { askCredentialHelper } from "./credential-helper.ts";
import type { Credentials, CredentialsPlace, Environment } from "./credentials.ts";
import { DockerConfig, MAX_DOCKER_CONFIG_BYTES } from "./docker-config.ts";
import { serverOf } from "./registry-key.ts";
import { credentialsUnavailable } from "./unavailable.ts";

/** A place that keeps a configuration. */
interface ConfigSource {
  readonly name: string;
  read(): Promise<string | undefined>;
}

/**
 * Credentials that Docker or Podman keep for the user: in `DOCKER_AUTH_CONFIG`, the file `REGISTRY_AUTH_FILE`, or the Docker
 * configuration, `$DOCKER_CONFIG/config.json` or `~/.docker/config.json`. The first one that has some for a registry counts. Files
 * are read and helpers are asked once.
 */
export class StoredCredentials {
  readonly #environment: Environment;
  readonly #sources: readonly ConfigSource[];
  readonly #configs = new LastingWork<DockerConfig | undefined>();
  readonly #asked = new LastingWork<Credentials | undefined>();

  constructor(environment: Environment) {
    this.#environment = environment;
    this.#sources = configSources(environment);
  }

  /** @throws OciError `CREDENTIALS_UNAVAILABLE`, or the signal's reason. */
  async find(place: CredentialsPlace, signal: AbortSignal | undefined): Promise<Credentials | undefined> {
    for (const source of this.#sources) {
      const config = await this.#configs.run(source.name, () => readConfig(source), signal);
      const helper = config?.helperOf(place.registry);
      const kept = helper === undefined ? undefined : await this.#ask(helper, serverOf(place.registry), signal);
      const credentials = kept ?? config?.credentialsOf(place);
      if (credentials !== undefined) return credentials;
    }
    return undefined;
  }

  #ask(name: string, server: string, signal: AbortSignal | undefined): Promise<Credentials | undefined> {
    const environment = this.#environment;
    return this.#asked.run(
      `${name} ${server}`,
      (shared) => askCredentialHelper({ name, server, environment, signal: shared }),
      signal,
    );
  }
}

function configSources(environment: Environment): readonly ConfigSource[] {
  const { DOCKER_AUTH_CONFIG, REGISTRY_AUTH_FILE, DOCKER_CONFIG, HOME } = environment;
  const directory = DOCKER_CONFIG || (HOME ? join(HOME, ".docker") : undefined);
  const files = [REGISTRY_AUTH_FILE, directory === undefined ? undefined : join(directory, "config.json")];
  return [
    ...(DOCKER_AUTH_CONFIG ? [{ name: "DOCKER_AUTH_CONFIG", read: async () => DOCKER_AUTH_CONFIG }] : []),
    ...files.filter((path) => path !== undefined && path !== "").map((path) => fileSource(path as string)),
  ];
}

function fileSource(path: string): ConfigSource {
  return { name: path, read: () => readConfigFile(path) };
}

async function readConfig(source: ConfigSource): Promise<DockerConfig | undefined> {
  const json = await source.read();
  if (json === undefined) return undefined;
  if (json.length > MAX_DOCKER_CONFIG_BYTES)
    throw unreadable(source.name, `has more than ${MAX_DOCKER_CONFIG_BYTES} bytes`);
  return new DockerConfig(json, source.name);
}

async function readConfigFile(path: string): Promise<string | undefined> {
  try {
    // Not waiting for the other end of a pipe.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
    if (!(await file.stat()).isFile()) throw unreadable(path, "is not a file");
    const bytes = await readCapped(file.createReadStream({ autoClose: false }), MAX_DOCKER_CONFIG_BYTES);
    if (bytes === undefined) throw unreadable(path, `has more than ${MAX_DOCKER_CONFIG_BYTES} bytes`);
    return Buffer.from(bytes).toString("utf8");
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw code === "CREDENTIALS_UNAVAILABLE" ? error : unreadable(path, `cannot be read: ${code}`);
  }
}

function unreadable(source: string, fault: string) {
  return credentialsUnavailable(`${source} ${fault}`, "Repair it, or give the credentials as an option.", { source });
}
