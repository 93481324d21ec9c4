import { startTestRegistry } from "@a3s/testing";
import { RegistryDestination } from "../src/registry/registry-destination.ts";
import { RegistryTransport } from "../src/registry/registry-transport.ts";
import { destinationCompliance } from "./destination-compliance.ts";

destinationCompliance("a registry", {
  keeps: "bytes",
  adds: true,
  async with(use) {
    await using registry = await startTestRegistry({ auth: { type: "bearer" } });
    const place = { registry: registry.host, repository: "some/image" };
    await use({
      open: () => new RegistryDestination(place),
      read: (tag) => new RegistryTransport({ ...place, tag }),
      leftovers: async () => Array.from({ length: registry.openUploads }, (_none, number) => `upload ${number}`),
      copies: async ({ descriptor }) => (registry.content.blob(place.repository, descriptor.digest) ? 1 : 0),
    });
  },
});
