/** An answer before anything goes wrong with it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Whether `Range` is served. */
  readonly ranges?: boolean;
}

export function empty(status: number, headers: Readonly<Record<string, string>> = {}): Answer {
  return { status, headers, body: Buffer.of() };
}

export function json(value: unknown, headers: Readonly<Record<string, string>> = {}): Answer {
  const body = Buffer.from(JSON.stringify(value));
  return { status: 200, headers: { "content-type": "application/json", ...headers }, body };
}

/** An error as the distribution specification writes it. */
export function failure(status: number, code: string, headers: Readonly<Record<string, string>> = {}): Answer {
  return { ...json({ errors: [{ code, message: code.toLowerCase().replaceAll("_", " ") }] }, headers), status };
}
