import { resolve } from "node:path";
import { createRuntime } from "@a3s/box-runtime";
import { parsePlatform } from "../../options/platform.ts";
import { printLines } from "../../output/print.ts";
import { reportTransfer } from "../../output/transfer-report.ts";
import { interruptible } from "../interruption.ts";

/** `a3s-box save`: prints the names of the images that are in the file. */
export async function saveImages(
  references: readonly string[],
  options: { readonly output: string; readonly format: string; readonly platform?: string; readonly quiet?: boolean },
): Promise<void> {
  const platform = parsePlatform(options.platform);
  const target = `${options.format}:${resolve(options.output)}`;
  const saved = await interruptible(async (signal) => {
    using report = reportTransfer(process.stderr, options.quiet === true);
    return await createRuntime().images.save(references, target, { platform, signal, onProgress: report.onProgress });
  });
  printLines(saved.map(({ reference, digest }) => `${reference} ${digest}`));
}
