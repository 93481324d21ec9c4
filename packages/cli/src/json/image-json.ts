import * as v from "valibot";
import { bytes, digest, field, time } from "./fields.ts";

const reference = field(v.string(), "name in its one spelling");

const platform = v.strictObject({
  os: v.string(),
  architecture: v.string(),
  variant: v.optional(v.string()),
  osVersion: v.optional(v.string()),
});

export const imageList = v.array(
  v.strictObject({
    reference,
    digest: digest("what the name stands for: a manifest, or the index of a multi-platform image"),
    totalBytes: bytes("in the store, compressed"),
    uniqueBytes: bytes("of these, what no other name leads to"),
  }),
);

export const pulledImage = v.strictObject({
  reference,
  rootDigest: digest("what the name stands for"),
  manifestDigest: digest("the manifest for the platform"),
  platform: field(platform, "what it runs on"),
});

export const pushedImage = v.strictObject({ reference, digest: digest("what the name stands for there") });

export const loadedImages = v.array(v.strictObject({ reference, rootDigest: digest("what the name stands for") }));

const descriptor = field(
  v.looseObject({ mediaType: v.string(), digest: v.string(), size: v.number() }),
  "descriptor.md",
);

export const inspectedImages = v.array(
  v.strictObject({
    reference,
    descriptor,
    manifests: v.array(
      v.strictObject({
        descriptor,
        platform: v.optional(field(platform, "what it runs on")),
        present: field(v.boolean(), "whether manifest, configuration and all layers are in the store"),
        manifest: v.optional(field(v.looseObject({}), "manifest.md of the image specification")),
        config: v.optional(
          v.strictObject({
            entrypoint: v.array(v.string()),
            cmd: v.array(v.string()),
            env: field(v.array(v.string()), "NAME=value"),
            workingDir: v.string(),
            user: field(v.string(), "empty means root"),
            exposedPorts: field(v.array(v.string()), "80/tcp and the like"),
            volumes: field(v.array(v.string()), "paths that want a volume"),
            stopSignal: v.optional(v.string()),
            labels: v.record(v.string(), v.string()),
          }),
        ),
        created: v.optional(time("when it was made, as it says itself")),
        layers: field(v.array(v.strictObject({ descriptor, present: v.boolean() })), "lowest first"),
      }),
    ),
    lastUsed: time("when it was last used"),
    totalBytes: bytes("in the store, compressed"),
    uniqueBytes: bytes("of these, what no other name leads to"),
  }),
);

export const prunedImages = v.strictObject({
  images: v.strictObject({
    removedReferences: field(v.array(v.string()), "names that are gone"),
    removedBlobs: v.number(),
    freedBytes: bytes("that they took"),
  }),
  roots: v.strictObject({
    removed: v.array(v.strictObject({ chainId: digest("of the layers"), diskBytes: bytes("that it took on disk") })),
    freedBytes: bytes("that they took"),
    keptBytes: bytes("that the others take"),
  }),
});
