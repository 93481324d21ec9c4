import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { testImage, testLayer, writeTestLayout } from "@a3s/testing";
import { afterEach, beforeEach } from "vitest";
import { commandWith, type Ended } from "./command.ts";

/** Where the tests of a file run `a3s-box`; each has its own. */
export interface CommandHome {
  readonly home: string;
  /** Runs `a3s-box` there. */
  a3sBox(...args: readonly string[]): Promise<Ended>;
}

/** A home directory for each test of the file, gone after it. */
export function homeForEach(): CommandHome {
  let directory = "";
  const home = () => join(directory, "home");
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), "a3s-cli-"));
    await mkdir(home());
  });
  afterEach(() => rm(directory, { recursive: true, force: true }));
  return {
    get home() {
      return home();
    },
    a3sBox: (...args) => commandWith(home())(...args),
  };
}

/** An image without programs, beside a home directory. @returns its reference */
export async function emptyImage(
  { home }: CommandHome,
  config?: NonNullable<Parameters<typeof testImage>[0]>["config"],
): Promise<string> {
  const layout = join(home, "../layout");
  const layers = [testLayer([{ type: "directory", path: "etc" }])];
  await writeTestLayout(layout, { latest: testImage({ layers, ...(config && { config }) }) });
  return `oci:${layout}:latest`;
}
