import { expect, test } from "vitest";
import { OciError } from "./oci-error.ts";

const ESCAPE = "\u001b[2J\u001b]0;owned\u0007";

test("a message and a hint hold nothing that a terminal obeys, whatever they quote", () => {
  const { message, hint } = new OciError({
    code: "IMAGE_NOT_FOUND",
    message: `it has: ${ESCAPE}\r\n\u009b2J \u202egpj.exe\u2066 ä 字 🐋`,
    hint: `Name ${ESCAPE}`,
  });
  expect(message).toBe("it has:  [2J ]0;owned    2J  gpj.exe  ä 字 🐋");
  expect(hint).toBe("Name  [2J ]0;owned ");
});

test("a message has an end, however long the names are that it quotes", () => {
  const { message } = new OciError({ code: "IMAGE_NOT_FOUND", message: "x".repeat(1_000_000) });
  expect(message).toHaveLength(4001);
});
