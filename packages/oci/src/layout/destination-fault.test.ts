import { expect, test } from "vitest";
import { writingTo } from "./destination-fault.ts";

function failed(code: string, syscall?: string): Error {
  return Object.assign(new Error(`${code}: it failed`), { code, ...(syscall === undefined ? {} : { syscall }) });
}

test.each(["ENOSPC", "EDQUOT", "EFBIG", "EACCES", "EROFS", "ENOENT", "EIO"])(
  "a file operation that fails with %s is DESTINATION_INACCESSIBLE, with a hint",
  async (code) => {
    const cause = failed(code, "write");
    await expect(writingTo("/some/file", () => Promise.reject(cause))).rejects.toMatchObject({
      name: "OciError",
      code: "DESTINATION_INACCESSIBLE",
      message: `/some/file cannot be written: ${code}: it failed`,
      hint: expect.stringMatching(/\.$/),
      cause,
      details: { path: "/some/file", cause: code },
    });
  },
);

test.each([
  ["of another kind", failed("Z_DATA_ERROR")],
  ["without a code", new Error("no")],
  ["that is no error", "reason"],
])("a fault %s passes as it is", async (_what, fault) => {
  await expect(writingTo("/some/file", () => Promise.reject(fault))).rejects.toBe(fault);
});
