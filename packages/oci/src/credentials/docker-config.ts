import * as v from "valibot";
import type { Credentials, CredentialsPlace } from "./credentials.ts";
import { keysOf, registryKey } from "./registry-key.ts";
import { credentialsUnavailable } from "./unavailable.ts";

/** Most bytes of a configuration. */
export const MAX_DOCKER_CONFIG_BYTES = 1024 * 1024;

const text = v.nullish(v.string());
const authSchema = v.looseObject({
  auth: text,
  username: text,
  password: text,
  identitytoken: text,
  registrytoken: text,
});
const configSchema = v.looseObject({
  auths: v.nullish(v.record(v.string(), v.nullish(authSchema))),
  credHelpers: v.nullish(v.record(v.string(), v.string())),
  credsStore: text,
});

type Auth = v.InferOutput<typeof authSchema>;

/** What a `config.json` of Docker, or an `auth.json` of Podman, says about credentials. */
export class DockerConfig {
  readonly #name: string;
  readonly #auths = new Map<string, Auth>();
  readonly #helpers = new Map<string, string>();
  readonly #store: string | undefined;

  /**
   * @param name of the file or variable that `json` comes from, for messages.
   * @throws OciError `CREDENTIALS_UNAVAILABLE`
   */
  constructor(json: string, name: string) {
    this.#name = name;
    const { auths, credHelpers, credsStore } = this.#parse(json);
    for (const [key, auth] of Object.entries(auths ?? {})) {
      // Beside a credential store Docker leaves empty entries.
      if (auth && !this.#auths.has(registryKey(key))) this.#auths.set(registryKey(key), auth);
    }
    for (const [key, helper] of Object.entries(credHelpers ?? {})) this.#helpers.set(registryKey(key), helper);
    this.#store = credsStore || undefined;
  }

  /** The name of the credential helper that a registry's credentials are kept by; its own, or the one for all. */
  helperOf(registry: string): string | undefined {
    const own = this.#helpers.get(registryKey(registry));
    return own === "" ? undefined : (own ?? this.#store);
  }

  /** The credentials that are written down for a repository. @throws OciError `CREDENTIALS_UNAVAILABLE` */
  credentialsOf(place: CredentialsPlace): Credentials | undefined {
    for (const key of keysOf(place)) {
      const auth = this.#auths.get(key);
      const credentials = auth === undefined ? undefined : this.#read(auth, key);
      if (credentials !== undefined) return credentials;
    }
    return undefined;
  }

  #read({ registrytoken, identitytoken, auth, username, password }: Auth, key: string): Credentials | undefined {
    if (registrytoken) return { registryToken: registrytoken };
    if (identitytoken) return { identityToken: identitytoken };
    if (!auth) return username && password ? { username, password } : undefined;
    const decoded = /^[A-Za-z0-9+/]+={0,2}$/.test(auth) ? Buffer.from(auth, "base64").toString("utf8") : "";
    const colon = decoded.indexOf(":");
    if (colon < 1) throw this.#malformed(`"auth" of ${JSON.stringify(key)} is not a user and a password in base64`);
    // Old Docker clients filled up with NUL.
    return { username: decoded.slice(0, colon), password: decoded.slice(colon + 1).replace(/\0+$/, "") };
  }

  #parse(json: string): v.InferOutput<typeof configSchema> {
    let value: unknown;
    try {
      value = JSON.parse(json);
    } catch {
      throw this.#malformed("it is not JSON");
    }
    if (Array.isArray(value)) throw this.#malformed("it is a list");
    const result = v.safeParse(configSchema, value, { abortEarly: true });
    if (result.success) return result.output;
    throw this.#malformed(`${v.getDotPath(result.issues[0]) ?? "it"} has a wrong type`);
  }

  #malformed(fault: string) {
    const hint = "Repair it, log in again with docker or podman, or give the credentials as an option.";
    return credentialsUnavailable(`${this.#name} is malformed: ${fault}`, hint, { source: this.#name });
  }
}
