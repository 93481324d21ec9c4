import { InvalidArgumentError } from "commander";

/** `name=value`; a bare name has an empty value. */
export function parseLabels(entries: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    entries.map((text) => {
      const equals = text.indexOf("=");
      if (equals === 0 || text === "") throw new InvalidArgumentError(`${JSON.stringify(text)} is not name=value`);
      return equals < 0 ? [text, ""] : [text.slice(0, equals), text.slice(equals + 1)];
    }),
  );
}
