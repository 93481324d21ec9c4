/** What a registry may be shown. */
export type Credentials =
  /** A user name and a password or access token. */
  | { readonly username: string; readonly password: string }
  /** A refresh token of the registry's token service, which gives bearer tokens for it (distribution, "OAuth2 token authentication"). */
  | { readonly identityToken: string }
  /** A bearer token as the registry itself wants it. */
  | { readonly registryToken: string };

/** Finds credentials for a registry (`host` or `host:port`; `docker.io` for Docker Hub); `undefined` when there are none. */
export type CredentialsSource = (
  registry: string,
  call: { readonly signal: AbortSignal },
) => Promise<Credentials | undefined>;

/** What credentials are asked for. */
export interface CredentialsPlace {
  readonly registry: string;
  readonly repository: string;
}

/** Variables of the environment, as `process.env` has them. */
export type Environment = Readonly<Record<string, string | undefined>>;
