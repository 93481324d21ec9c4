import { type AgentFiles, type Box, createRuntime } from "@a3s/box-runtime";
import { type CopyPlan, planCopy } from "../../options/copy.ts";
import { writeFully } from "../../output/write-fully.ts";
import { interruptible } from "../interruption.ts";

/** Options of `a3s-box cp`, as the command line gives them. */
export interface CopyCommandOptions {
  readonly archive?: boolean;
  readonly followLink?: boolean;
  readonly quiet?: boolean;
}

/** `a3s-box cp`: says on standard error what was copied. */
export async function copyFiles(from: string, to: string, options: CopyCommandOptions): Promise<void> {
  const plan = planCopy(from, to);
  await interruptible(async (signal) => {
    await using box = await createRuntime().boxes.get((plan.direction === "in" ? plan.to : plan.from).box, { signal });
    const { entries, skipped } = await copy(box, plan, options, signal);
    for (const path of skipped)
      process.stderr.write(`a3s-box: not copied, for it is no file: ${JSON.stringify(path)}\n`);
    if (!options.quiet && entries !== undefined) process.stderr.write(`${entries} entries copied to ${to}\n`);
  });
}

/** What was copied; not how much where it went through a pipe. */
interface Copied {
  readonly entries?: number;
  readonly skipped: readonly string[];
}

async function copy(box: Box, plan: CopyPlan, options: CopyCommandOptions, signal: AbortSignal): Promise<Copied> {
  const { archive: keepOwners = false, followLink = false } = options;
  if (plan.direction === "in") {
    const { path } = plan.to;
    if (plan.from.kind === "stream") {
      const upload = (files: AgentFiles) => files.uploadTar(path, process.stdin, { keepOwners, signal });
      return { entries: await box.withFiles(upload, { signal }), skipped: [] };
    }
    return { ...(await box.copyIn(plan.from.path, path, { keepOwners, followLink, signal })), skipped: [] };
  }
  const { path } = plan.from;
  if (plan.to.kind === "host") return await box.copyOut(path, plan.to.path, { keepOwners, followLink, signal });
  const download = async (files: AgentFiles) => {
    for await (const chunk of files.downloadTar(path, { follow: followLink, signal })) {
      await writeFully(process.stdout, chunk);
    }
  };
  await box.withFiles(download, { readOnly: true, signal });
  return { skipped: [] };
}
