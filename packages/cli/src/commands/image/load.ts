import { createRuntime } from "@a3s/box-runtime";
import { parsePlatform } from "../../options/platform.ts";
import { printJson, printLines } from "../../output/print.ts";
import { reportTransfer } from "../../output/transfer-report.ts";
import { interruptible } from "../interruption.ts";
import type { TransferCommandOptions } from "./pull.ts";

/** `a3s-box load`: prints the name and digest of each image. */
export async function loadImages(options: TransferCommandOptions & { readonly input?: string }): Promise<void> {
  const platform = parsePlatform(options.platform);
  const loaded = await interruptible(async (signal) => {
    using report = reportTransfer(process.stderr, options.quiet === true);
    const from = options.input ?? process.stdin;
    return await createRuntime().images.load(from, { platform, signal, onProgress: report.onProgress });
  });
  if (options.json)
    printJson(
      "load",
      loaded.map(({ reference, rootDigest }) => ({ reference, rootDigest })),
    );
  else printLines(loaded.map(({ reference, rootDigest }) => `${reference} ${rootDigest}`));
}
