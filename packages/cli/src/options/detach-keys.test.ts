import { expect, test } from "vitest";
import { DEFAULT_DETACH_KEYS, DetachKeys, parseDetachKeys } from "./detach-keys.ts";

test.each([
  [DEFAULT_DETACH_KEYS, [16, 17]],
  ["ctrl-@,a,ctrl-[,Z,ctrl-\\", [0, 97, 27, 90, 28]],
  ["ctrl-A", [1]],
])("%s", (text, bytes) => {
  expect([...parseDetachKeys(text)]).toEqual(bytes);
});

test.each(["", "ctrl-", "ctrl-ab", "ab", "a,", "ctrl-1", "é"])("%j is refused", (text) => {
  expect(() => parseDetachKeys(text)).toThrow("is not a list of keys");
});

/** What goes through, byte by byte and all at once, and whether it ends in leaving. */
function typed(keys: string, text: string): [string, boolean] {
  const take = (chunks: readonly Uint8Array[]): [string, boolean] => {
    const detach = new DetachKeys(Buffer.from(keys));
    let through = "";
    for (const chunk of chunks) {
      const { bytes, detached } = detach.take(chunk);
      through += Buffer.from(bytes).toString();
      if (detached) return [through, true];
    }
    return [through, false];
  };
  const whole = take([Buffer.from(text)]);
  expect(take([...Buffer.from(text)].map((byte) => Uint8Array.of(byte)))).toEqual(whole);
  return whole;
}

test.each([
  ["pq", "hello", "hello", false],
  ["pq", "hellopqmore", "hello", true],
  ["pq", "pppq", "pp", true],
  ["pq", "px", "px", false],
  ["pq", "p", "", false],
  ["aab", "aaab", "a", true],
  ["aab", "aaxaab", "aax", true],
  ["abac", "ababac", "ab", true],
  ["abac", "abaabac", "aba", true],
])("keys %s in %s: %s goes through, left: %s", (keys, text, through, left) => {
  expect(typed(keys, text)).toEqual([through, left]);
});
