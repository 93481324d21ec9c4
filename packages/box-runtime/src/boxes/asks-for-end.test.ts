import { parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { asksForEnd } from "./asks-for-end.ts";
import type { BoxRecord } from "./box-record.ts";

const image = (stopSignal?: string): BoxRecord["image"] => ({
  reference: "a",
  digest: `sha256:${"0".repeat(64)}`,
  process: { entrypoint: [], cmd: [], env: [], workingDir: "", user: "", stopSignal },
});

test.each([
  // Without a stop signal of its own.
  [undefined, undefined, "SIGTERM", true],
  [undefined, undefined, "SIGINT", true],
  [undefined, undefined, 2, true],
  [undefined, undefined, "SIGQUIT", true],
  [undefined, undefined, 9, true],
  [undefined, undefined, "SIGHUP", false],
  [undefined, undefined, "SIGUSR1", false],
  [undefined, undefined, 10, false],
  // With the image's, or the box's instead.
  ["SIGQUIT", undefined, "SIGQUIT", true],
  ["QUIT", undefined, 3, true],
  ["SIGQUIT", undefined, "SIGTERM", false],
  ["SIGQUIT", undefined, "SIGKILL", true],
  ["SIGQUIT", "SIGUSR1", "SIGUSR1", true],
  ["SIGQUIT", 10, "SIGUSR1", true],
  ["SIGQUIT", "SIGUSR1", "SIGQUIT", false],
  ["no signal", undefined, "SIGTERM", true],
  ["no signal", undefined, "SIGINT", false],
] as const)(
  "with the image's stop signal %s and the box's %s, %s asks for the end: %s",
  (ofImage, ofBox, signal, asks) => {
    const config = parseBoxConfig({ image: "a", stopSignal: ofBox });
    expect(asksForEnd({ image: image(ofImage), config }, signal)).toBe(asks);
  },
);
