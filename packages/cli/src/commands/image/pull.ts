import { createRuntime } from "@a3s/box-runtime";
import { parsePlatform } from "../../options/platform.ts";
import { printJson, printLines } from "../../output/print.ts";
import { reportTransfer } from "../../output/transfer-report.ts";
import { interruptible } from "../interruption.ts";

/** Options of commands that transfer images. */
export interface TransferCommandOptions {
  readonly platform?: string;
  readonly quiet?: boolean;
  readonly json?: boolean;
  readonly insecureRegistry?: readonly string[];
}

/** `a3s-box pull`: prints the image's name and digest. */
export async function pullImage(reference: string, options: TransferCommandOptions): Promise<void> {
  const platform = parsePlatform(options.platform);
  const { images } = createRuntime({ pull: { insecureRegistries: options.insecureRegistry ?? [] } });
  const image = await interruptible(async (signal) => {
    using report = reportTransfer(process.stderr, options.quiet === true);
    return await images.pull(reference, { platform, signal, onProgress: report.onProgress });
  });
  const { rootDigest, manifestDigest } = image;
  if (options.json)
    printJson("pull", { reference: image.reference, rootDigest, manifestDigest, platform: image.platform });
  else printLines([`${image.reference} ${rootDigest}`]);
}
