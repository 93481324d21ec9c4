import { expect, test } from "vitest";
import { parseCargoTest } from "./cargo-report.ts";

test("sums the closing lines of all test binaries", () => {
  const output = `
running 12 tests
test spec::refuses_nul ... ok

test result: ok. 12 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.02s

running 3 tests
test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s
`;
  expect(parseCargoTest(output)).toEqual({ passed: 14, failed: 1, skipped: 1 });
});

test("a build that failed has no counts", () => {
  expect(parseCargoTest("error: could not compile `vm-host`")).toEqual({ passed: 0, failed: 0, skipped: 0 });
});
