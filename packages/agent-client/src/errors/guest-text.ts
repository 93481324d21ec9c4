/** Longest text from a guest that is kept in an error, in characters. */
const MAX_CHARACTERS = 1024;

/**
 * Makes text from a guest fit to be shown: one line, of bounded length, without control characters, escape sequences
 * or marks that reverse the direction of writing. A terminal that prints an error must not obey the guest.
 */
export function guestText(text: string, maxCharacters: number = MAX_CHARACTERS): string {
  const clean = text
    .slice(0, maxCharacters)
    .replace(/[\s\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, " ")
    .trim();
  return text.length > maxCharacters ? `${clean}…` : clean;
}
