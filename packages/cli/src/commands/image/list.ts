import { createRuntime } from "@a3s/box-runtime";
import prettyBytes from "pretty-bytes";
import { printJson, printLines } from "../../output/print.ts";
import { formatTable } from "../../output/table.ts";
import { shortDigest } from "../../output/transfer-view.ts";

/** `a3s-box images` */
export async function listImages(options: { readonly quiet?: boolean; readonly json?: boolean }): Promise<void> {
  const images = await createRuntime().images.list();
  if (options.json) return printJson("images", images);
  if (options.quiet) return printLines(images.map(({ reference }) => reference));
  const rows = images.map(({ reference, digest, totalBytes, uniqueBytes }) => {
    return [reference, shortDigest(digest), prettyBytes(totalBytes), prettyBytes(uniqueBytes)];
  });
  process.stdout.write(formatTable(["IMAGE", "DIGEST", "SIZE", "OF ITS OWN"], rows));
}
