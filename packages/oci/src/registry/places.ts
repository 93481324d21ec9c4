import { OciError } from "../errors/oci-error.ts";
import type { RegistryClient } from "./client.ts";
import type { RepositoryPlace } from "./mirrors.ts";
import { RegistrySession } from "./session.ts";

/** A mirror has another place behind it: it is tried twice and not waited for. */
const MIRROR_TRIES = 2;

/** Told of a mirror, `host/repository`, that is passed over from then on. */
export type OnMirrorFailed = (mirror: string, error: OciError) => void;

/** The places that have a repository: mirrors first, its registry last. A mirror that has failed is passed over from then on. */
export class Places {
  readonly #mirrors: readonly RegistrySession[];
  readonly #registry: RegistrySession;
  readonly #failed = new Map<RegistrySession, OciError>();
  readonly #onMirrorFailed: OnMirrorFailed;

  constructor(client: RegistryClient, place: RepositoryPlace, onMirrorFailed: OnMirrorFailed = () => {}) {
    const { retry } = client;
    const impatient = { ...retry, tries: Math.min(retry.tries, MIRROR_TRIES), maxRetryAfterMs: 0 };
    this.#mirrors = client.mirrors
      .placesOf(place)
      .map((mirror) => new RegistrySession(client, mirror, { isMirror: true, retry: impatient }));
    this.#registry = new RegistrySession(client, place);
    this.#onMirrorFailed = onMirrorFailed;
  }

  /** Where to ask now. */
  get current(): RegistrySession {
    return this.#mirrors.find((mirror) => !this.#failed.has(mirror)) ?? this.#registry;
  }

  /** Lets the next place have its turn; throws when there is none, or nothing about the place is at fault. */
  passOver(session: RegistrySession, error: unknown, signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    if (!(error instanceof OciError)) throw error;
    if (session === this.#registry) throw this.#withMirrors(error);
    this.#fail(session, error);
  }

  /**
   * The same for places that together gave what is wrong: nobody can say which of them it was. Throws when no mirror is among them, as it
   * was the registry then.
   */
  passOverAll(sessions: ReadonlySet<RegistrySession>, error: OciError, signal: AbortSignal | undefined): void {
    signal?.throwIfAborted();
    const mirrors = this.#mirrors.filter((mirror) => sessions.has(mirror));
    if (mirrors.length === 0) throw this.#withMirrors(error);
    for (const mirror of mirrors) this.#fail(mirror, error);
  }

  /** The answer of the first place that does not fail. */
  async ask<T>(task: (session: RegistrySession) => Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    for (;;) {
      const session = this.current;
      try {
        return await task(session);
      } catch (error) {
        this.passOver(session, error, signal);
      }
    }
  }

  /** What the first place that has it answers. Not to have it is no failure of a place. */
  async find<T>(task: (session: RegistrySession) => Promise<T | undefined>, signal: AbortSignal | undefined) {
    for (const session of [...this.#mirrors, this.#registry]) {
      if (this.#failed.has(session)) continue;
      try {
        const found = await task(session);
        if (found !== undefined) return found;
      } catch (error) {
        this.passOver(session, error, signal);
      }
    }
    return undefined;
  }

  #fail(mirror: RegistrySession, error: OciError): void {
    if (this.#failed.has(mirror)) return;
    this.#failed.set(mirror, error);
    this.#onMirrorFailed(mirror.name, error);
  }

  /** The registry may fail only because a mirror that should have kept it from being asked did. */
  #withMirrors(error: OciError): OciError {
    if (this.#failed.size === 0) return error;
    const faults = [...this.#failed].map(([{ name }, { code, message }]) => ({ mirror: name, code, message }));
    const told = faults.map(({ mirror, message }) => `${mirror}: ${message}`).join("; ");
    return new OciError({
      code: error.code,
      message: `${error.message} (mirrors failed before: ${told})`,
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      cause: error,
      details: { ...error.details, mirrors: faults },
    });
  }
}
