import { createRuntime } from "@a3s/box-runtime";
import { parsePlatform } from "../../options/platform.ts";
import { printJson, printLines } from "../../output/print.ts";
import { reportTransfer } from "../../output/transfer-report.ts";
import { interruptible } from "../interruption.ts";
import type { TransferCommandOptions } from "./pull.ts";

/** `a3s-box push`: prints the name and digest that the image has there. */
export async function pushImage(
  reference: string,
  to: string | undefined,
  options: TransferCommandOptions,
): Promise<void> {
  const platform = parsePlatform(options.platform);
  const { images } = createRuntime({ pull: { insecureRegistries: options.insecureRegistry ?? [] } });
  const pushed = await interruptible(async (signal) => {
    using report = reportTransfer(process.stderr, options.quiet === true);
    return await images.push(reference, { to, platform, signal, onProgress: report.onProgress });
  });
  if (options.json) printJson("push", pushed);
  else printLines([`${pushed.reference} ${pushed.digest}`]);
}
