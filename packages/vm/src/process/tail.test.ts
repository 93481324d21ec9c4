import { expect, test } from "vitest";
import { printable, TAIL_BYTES, TailBuffer } from "./tail.ts";

test("only the end is kept", () => {
  const tail = new TailBuffer();
  for (let index = 0; index < 10_000; index++) tail.add(Buffer.from(`${index % 10}`));
  tail.add(Buffer.from("the end"));
  expect(tail.text).toHaveLength(TAIL_BYTES);
  expect(tail.text).toMatch(/^\d+the end$/);
});

test("what would steer a terminal is taken out; lines and tabs stay", () => {
  expect(printable("a\u001b[31mred\u001b[0m\tb\r\nc\u0007\u009b2J\u001b]0;title\u0007")).toBe("ared\tb\nc2J]0;title");
  expect(printable("gr\u00fc\u00dfe")).toBe("gr\u00fc\u00dfe");
});
