import { expect, test } from "vitest";
import { DetachKeys, parseDetachKeys } from "../../options/detach-keys.ts";
import { typedKeys } from "./typed-keys.ts";

const keys = () => new DetachKeys(parseDetachKeys("ctrl-p,ctrl-q"));

async function* typing(...chunks: readonly string[]) {
  for (const chunk of chunks) yield Buffer.from(chunk);
}

test("what is typed goes on, and its end is an end", async () => {
  const left = new AbortController();
  const got: string[] = [];
  for await (const bytes of typedKeys(typing("a", "\x10", "b"), keys(), () => left.abort(), left.signal)) {
    got.push(Buffer.from(bytes).toString());
  }
  expect(got).toEqual(["a", "\x10b"]);
  expect(left.signal.aborted).toBe(false);
});

test("the detach keys leave before the end of what is typed can be seen", async () => {
  const left = new AbortController();
  const events: string[] = [];
  const typed = typedKeys(typing("a\x10", "\x11never"), keys(), () => events.push("left"), left.signal);
  expect(await typed.next()).toEqual({ done: false, value: Uint8Array.from(Buffer.from("a")) });
  const end = typed.next().then(({ done }) => events.push(`end: ${done}`));
  await new Promise(setImmediate);
  expect(events).toEqual(["left"]);
  left.abort();
  await end;
  expect(events).toEqual(["left", "end: true"]);
});
