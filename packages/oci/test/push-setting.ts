import { randomBytes } from "node:crypto";
import {
  startTestRegistry,
  type TestContent,
  type TestRegistry,
  type TestRegistryOptions,
  testImage,
  testLayer,
  writeTestLayout,
} from "@a3s/testing";
import { pull } from "../src/pull/pull.ts";
import { type PushOptions, push } from "../src/push/push.ts";
import type { ImageStore } from "../src/store/image-store.ts";
import { type Scratch, scratch } from "./scratch.ts";

/** Large enough that a connection does not take it at once. */
export const big = testLayer([{ type: "file", path: "big", content: randomBytes(3_000_000) }], { compression: "none" });
const small = testLayer([{ type: "file", path: "small", content: "small" }]);
export const image = testImage({ layers: [big, small], config: { Cmd: ["sh"] } });
export const REPOSITORY = "some/image";

/** A store with an image, and an empty registry. */
export interface PushSetting {
  readonly registry: TestRegistry;
  readonly store: ImageStore;
  readonly files: Scratch;
  /** The image's name in the store. */
  readonly from: string;
  /** Its name in the registry. */
  readonly to: string;
  /** Pushes it there, with short delays between tries. */
  push(options?: Partial<PushOptions>): ReturnType<typeof push>;
}

export async function withPush(
  options: TestRegistryOptions & { readonly content?: TestContent },
  use: (setting: PushSetting) => Promise<void>,
): Promise<void> {
  const { content = image, ...registryOptions } = options;
  await using registry = await startTestRegistry(registryOptions);
  await using files = await scratch();
  await writeTestLayout(files.path("layout"), { one: content });
  const store = await files.store();
  const from = `oci:${files.path("layout")}:one`;
  await pull(from, { store });
  const to = `${registry.host}/${REPOSITORY}:one`;
  const retry = { firstDelayMs: 1, maxDelayMs: 2, stallTimeoutMs: 300 };
  await use({ registry, store, files, from, to, push: (more) => push(from, { store, to, retry, ...more }) });
}
