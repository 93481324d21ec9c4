const LINEAGE = Symbol.for("a3s.BoxError.lineage");

/** What a {@link BoxError} is made of. */
export interface BoxErrorOptions<Code extends string = string> {
  /** Stable identifier, listed in docs/errors.md. */
  readonly code: Code;
  /** What happened, to what; one sentence. */
  readonly message: string;
  /** What the reader can do about it; one sentence. */
  readonly hint?: string;
  readonly cause?: unknown;
  /** Evidence for programs: plain data, no secrets. */
  readonly details?: Readonly<Record<string, unknown>>;
}

/**
 * The base of every error that A3S Box throws on purpose.
 *
 * `instanceof` works across copies of a package: an instance carries the names of its classes under a
 * registered symbol, so two installed versions recognise each other's errors.
 *
 * ```ts
 * if (error instanceof BoxError && error.code === "IMAGE_NOT_FOUND") console.error(error.message, error.hint);
 * ```
 */
export class BoxError<Code extends string = string> extends Error {
  /** Name under which instances recognise this class; each subclass sets its own. */
  static readonly errorName: string = "BoxError";

  readonly code: Code;
  readonly hint: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;

  constructor(options: BoxErrorOptions<Code>) {
    super(options.message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.hint = options.hint;
    this.details = options.details ?? {};
    this.name = new.target.errorName;
    Object.defineProperty(this, LINEAGE, { value: lineageOf(new.target) });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    if (typeof value !== "object" || value === null) return false;
    const lineage = (value as { [LINEAGE]?: unknown })[LINEAGE];
    return Array.isArray(lineage) && lineage.includes((this as unknown as typeof BoxError).errorName);
  }

  /** Plain data for logs and wires: the stack stays out. */
  toJSON(): Record<string, unknown> {
    return { name: this.name, code: this.code, message: this.message, hint: this.hint, details: this.details };
  }
}

function lineageOf(leaf: typeof BoxError): readonly string[] {
  const names: string[] = [];
  for (let current = leaf; current?.errorName !== undefined; current = Object.getPrototypeOf(current)) {
    names.push(current.errorName);
  }
  return names;
}
