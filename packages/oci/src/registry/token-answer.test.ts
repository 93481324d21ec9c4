import fc from "fast-check";
import { expect, test } from "vitest";
import { parseToken } from "./token-answer.ts";

const now = Date.parse("2026-01-01T00:10:00Z");

function parse(answer: unknown) {
  return parseToken(Buffer.from(JSON.stringify(answer)), { asked: 0, now });
}

test.each([
  ["nothing else", {}, 54_000],
  ["expires_in", { expires_in: 300 }, 290_000],
  ["a short life", { expires_in: 10 }, 9000],
  ["a fraction of a second", { expires_in: 0.5 }, 450],
  ["an endless life", { expires_in: 1e300 }, 86_390_000],
  ["expires_in 0", { expires_in: 0 }, 54_000],
  ["expires_in below 0", { expires_in: -5 }, 54_000],
  ["expires_in as text", { expires_in: "300" }, 54_000],
  ["an issue some time ago", { expires_in: 300, issued_at: "2026-01-01T00:09:00Z" }, 230_000],
  [
    "an issue so long ago that the clock must be wrong",
    { expires_in: 300, issued_at: "2025-01-01T00:00:00Z" },
    290_000,
  ],
  ["an issue in the future", { expires_in: 300, issued_at: "2027-01-01T00:00:00Z" }, 290_000],
  ["an issue at no time", { expires_in: 300, issued_at: "soon" }, 290_000],
])("a token with %s is renewed in time", (_what, fields, renewAt) => {
  expect(parse({ token: "abc", ...fields })).toEqual({ value: "abc", renewAt });
});

test.each([
  [{ token: "a" }, "a"],
  [{ access_token: "b" }, "b"],
  [{ token: "a", access_token: "b" }, "a"],
  [{ token: "a.b-c_d~e+f/g==" }, "a.b-c_d~e+f/g=="],
  [{}, undefined],
  [{ token: "" }, undefined],
  [{ token: 1 }, undefined],
  [{ token: "a\r\nx: y" }, undefined],
  [null, undefined],
])("%j holds the token %s", (answer, value) => {
  expect(parse(answer)?.value).toBe(value);
});

test("whatever the answer says, a token is renewed within a day", () => {
  fc.assert(
    fc.property(fc.anything(), fc.anything(), (expires_in, issued_at) => {
      const { renewAt = Number.NaN } = parse({ token: "a", expires_in, issued_at }) ?? {};
      expect(renewAt).toBeGreaterThan(0);
      expect(renewAt).toBeLessThanOrEqual(24 * 60 * 60 * 1000);
    }),
  );
});
