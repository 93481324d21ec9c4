import { expect, test } from "vitest";
import { chainIdOf } from "./chain-id.ts";

const A = `sha256:${"a".repeat(64)}`;
const B = `sha256:${"b".repeat(64)}`;
const C = `sha512:${"c".repeat(128)}`;

// The expected values are from sha256sum.
test.each([
  ["one layer is its own chain", [A], A],
  ["one layer of another algorithm too", [C], C],
  ["two layers", [A, B], "sha256:ccd722928bd92476ba1745586fed6e45a102504185ad88cd89e01ff116fd146c"],
  ["order counts", [B, A], "sha256:c6238ae8d91445af4c453ac796a5e6c69f596c950ef3ae7b29faf4f8da3487f1"],
  ["three layers", [A, B, C], "sha256:a26fecbbfe341424e98248e6a7d8465cefbb885aa7c6f72ea53e5b31fe72270e"],
  ["a layer may come twice", [A, A], "sha256:9d2cc34dc7dc748dba0ed439e6987c2f2c39ec504fa0c1527531d9bc7d0f1052"],
])("%s", (_, diffIds, chainId) => {
  expect(chainIdOf(diffIds)).toBe(chainId);
});

test("no layers have no chain, and a broken diff ID is refused", () => {
  expect(() => chainIdOf([])).toThrow(expect.objectContaining({ code: "LAYER_INVALID" }));
  expect(() => chainIdOf([A, "sha256:../x"])).toThrow(expect.objectContaining({ code: "DIGEST_INVALID" }));
});
