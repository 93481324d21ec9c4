import { execFile } from "node:child_process";
import { access, readdir } from "node:fs/promises";
import { promisify } from "node:util";
import { openFileDestination } from "../src/archive/file-destination.ts";
import { openFileTransport } from "../src/archive/file-transport.ts";
import type { FileSourceKind } from "../src/source/image-source.ts";
import { type DestinationSetting, destinationCompliance } from "./destination-compliance.ts";
import { scratch } from "./scratch.ts";

/** `list` gives the names of the files that a target holds. */
function setting(
  kind: FileSourceKind,
  list: (path: string) => Promise<readonly string[]>,
  promises: Pick<DestinationSetting, "keeps" | "adds">,
): DestinationSetting {
  return {
    ...promises,
    async with(use) {
      await using files = await scratch();
      const path = files.path("target");
      await use({
        open: () => openFileDestination({ kind, path }),
        read: (name) => openFileTransport({ kind, path, tag: name }),
        leftovers: async () =>
          (await readdir(files.directory, { recursive: true })).filter((name) => name.endsWith(".tmp")),
        copies: async ({ descriptor, plain }) => {
          const hex = (promises.keeps === "bytes" ? descriptor.digest : plain).slice("sha256:".length);
          return (await list(path)).filter((name) => name.includes(hex)).length;
        },
      });
    },
  };
}

/** What GNU tar sees in an archive; nothing when there is none. */
async function listArchive(path: string): Promise<readonly string[]> {
  const isThere = await access(path).then(
    () => true,
    () => false,
  );
  return isThere ? (await promisify(execFile)("tar", ["--list", "--file", path])).stdout.split("\n") : [];
}

const listLayout = (path: string) => readdir(path, { recursive: true });

destinationCompliance("an OCI image layout", setting("oci", listLayout, { keeps: "bytes", adds: true }));
destinationCompliance("an oci-archive", setting("oci-archive", listArchive, { keeps: "bytes", adds: false }));
destinationCompliance("a docker-archive", setting("docker-archive", listArchive, { keeps: "layers", adds: false }));
