import { expect, test } from "vitest";
import { parseErrorCodes } from "./error-codes.ts";

const source = `
/** Codes of errors that @a3s/x raises. */
export type XErrorCode =
  /** First; \`details\` say more. */
  | "ONE"
  /**
   * Second, over two;
   * lines; see {@link Thing}.
   */
  | "TWO_2";

export class XError extends BoxError<XErrorCode> {
  static override readonly errorName: string = "XError";
}
`;

test("reads each member with its doc comment on one line", () => {
  expect(parseErrorCodes(source, "x-error.ts")).toEqual([
    { code: "ONE", meaning: "First; `details` say more." },
    { code: "TWO_2", meaning: "Second, over two; lines; see `Thing`." },
  ]);
});

test("a union of one member on one line is read too", () => {
  expect(parseErrorCodes('export type YErrorCode = /** Only. */ "ONLY";', "y")).toEqual([
    { code: "ONLY", meaning: "Only." },
  ]);
});

test("a file without a union has no codes", () => {
  expect(parseErrorCodes("export class BoxError extends Error {}", "z")).toEqual([]);
});

test("a member without a doc comment is refused by name", () => {
  expect(() => parseErrorCodes('export type XErrorCode =\n  | "BARE";\n', "x-error.ts")).toThrow(/x-error.ts: BARE/);
});
