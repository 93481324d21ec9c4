import { readdir } from "node:fs/promises";
import { openFileDestination } from "../src/archive/file-destination.ts";
import { openFileTransport } from "../src/archive/file-transport.ts";
import { destinationCompliance } from "./destination-compliance.ts";
import { scratch } from "./scratch.ts";

destinationCompliance("an OCI image layout", {
  keeps: "bytes",
  adds: true,
  async with(use) {
    await using files = await scratch();
    const path = files.path("layout");
    const list = () => readdir(files.directory, { recursive: true });
    await use({
      open: () => openFileDestination({ kind: "oci", path }),
      read: (name) => openFileTransport({ kind: "oci", path, tag: name }),
      leftovers: async () => (await list()).filter((name) => name.endsWith(".tmp")),
      copies: async ({ descriptor }) =>
        (await list()).filter((name) => name.endsWith(descriptor.digest.slice("sha256:".length))).length,
    });
  },
});
