/** Where in a history a reader is: in which of its files, and so many bytes from its beginning. */
export interface HistoryPlace {
  readonly number: number;
  readonly offset: number;
}

/** `FILE:OFFSET`, for whoever wants to go on later. */
export function formatPlace({ number, offset }: HistoryPlace): string {
  return `${number}:${offset}`;
}

/** Undefined for what is no place. */
export function parsePlace(text: string): HistoryPlace | undefined {
  const [, number, offset] = /^(\d{1,15}):(\d{1,15})$/.exec(text) ?? [];
  return number === undefined ? undefined : { number: Number(number), offset: Number(offset) };
}
