import { duplexPair } from "node:stream";
import { expect, test } from "vitest";
import { bytesOf } from "../../test/ringing-guest.ts";
import { converse } from "./conversation.ts";

const ready = bytesOf({ case: "ready", value: {} });

test("a caller is heard as often as a guest could have something to say, and no more", async () => {
  const [guest, host] = duplexPair();
  let heard = 0;
  const conversing = converse(host, () => {
    heard++;
    return { case: "refused", value: { reason: "not now" } };
  });
  guest.resume().end(Buffer.concat(Array.from({ length: 50_000 }, () => ready)));
  await conversing;
  expect(heard).toBe(8);
});

test("a connection that breaks ends the conversation", async () => {
  const [guest, host] = duplexPair();
  const conversing = converse(host, () => ({ case: "received", value: {} }));
  guest.write(ready);
  host.destroy(new Error("broken"));
  await conversing;
});
