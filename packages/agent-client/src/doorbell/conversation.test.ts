import { duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { bytesOf } from "../../test/ringing-guest.ts";
import { converse } from "./conversation.ts";

const ready = bytesOf({ case: "ready", value: {} });
const MESSAGES = 50_000;

test("who reads no answers is heard no further, and all of it when he reads on", async () => {
  const [guest, host] = duplexPair();
  let heard = 0;
  const conversing = converse(host, () => {
    heard++;
    return { case: "refused", value: { reason: "not now" } };
  });
  guest.end(Buffer.concat(Array.from({ length: MESSAGES }, () => ready)));
  for (let turn = 0; turn < 1000; turn++) await new Promise(setImmediate);
  expect(heard).toBeGreaterThan(0);
  expect(heard).toBeLessThan(MESSAGES / 2);
  guest.resume();
  await conversing;
  expect(heard).toBe(MESSAGES);
});

test("a connection that breaks ends the conversation", async () => {
  const [guest, host] = duplexPair();
  const conversing = converse(host, () => ({ case: "received", value: {} }));
  guest.write(ready);
  host.destroy(new Error("broken"));
  await conversing;
});
