import { createRuntime } from "@a3s/box-runtime";
import { formatFindings } from "../output/findings-table.ts";

/** `a3s-box doctor`: 0 when guests can run here, else 1. */
export async function doctor(options: { readonly json?: boolean }): Promise<number> {
  const report = await createRuntime().host.check();
  const text = options.json ? JSON.stringify(report, undefined, 2) : formatFindings(report.findings);
  process.stdout.write(`${text}\n`);
  return report.ok ? 0 : 1;
}
