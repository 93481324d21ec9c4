import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** `main.ts RESULT FILE...`: runs programs one after the other and writes their exit codes by file, after each of them. */
const [result, ...files] = process.argv.slice(2);
if (result === undefined) throw new Error("usage: main.ts RESULT FILE...");

const codes: Record<string, number> = {};
for (const file of files) {
  console.log(`── ${file}`);
  const { status } = spawnSync(process.execPath, [file], { cwd: dirname(file), stdio: "inherit", timeout: 300_000 });
  codes[file] = status ?? 1;
  writeFileSync(result, JSON.stringify(codes));
}
