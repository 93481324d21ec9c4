/** Where in a log a reader is: in which of its files, and so many bytes from its beginning. */
export interface LogPlace {
  readonly number: number;
  readonly offset: number;
}

/** `FILE:OFFSET`, for whoever wants to go on later. */
export function formatLogPlace({ number, offset }: LogPlace): string {
  return `${number}:${offset}`;
}

/** @throws RangeError for what is no place. */
export function parseLogPlace(text: string): LogPlace {
  const [, number, offset] = /^(\d{1,15}):(\d{1,15})$/.exec(text) ?? [];
  if (number !== undefined) return { number: Number(number), offset: Number(offset) };
  throw new RangeError(`after must be the cursor of an entry, such as 1:2048, and is ${JSON.stringify(text)}`);
}
