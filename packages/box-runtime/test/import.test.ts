import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));

/** Prints the address of every module that is loaded. */
const script = `
import { registerHooks } from "node:module";
registerHooks({ load(url, context, next) { console.log(url); return next(url, context); } });
await import(${JSON.stringify(built)});
`;

test("importing the package loads nothing of what only makes a box, talks to it or measures it", async () => {
  const { stdout } = await promisify(execFile)(process.execPath, ["--input-type=module", "-e", script]);
  expect(stdout).toContain("packages/core/dist/index.js");
  expect(stdout.split("\n").filter((url) => /connectrpc|bufbuild|opentelemetry|koffi|packages\/oci/.test(url))).toEqual(
    [],
  );
});
