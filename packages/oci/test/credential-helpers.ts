import { mkdir, readFile, writeFile } from "node:fs/promises";
import type { Environment } from "../src/credentials/credentials.ts";
import type { Scratch } from "./scratch.ts";

/** An environment with credential helpers in its `PATH`, and a home of its own. */
export interface HelperEnvironment {
  readonly environment: Environment;
  /** Installs `docker-credential-<name>`, a shell script; what it is asked for is in `$server`. */
  install(name: string, script: string): Promise<void>;
  /** Writes `~/.docker/config.json`. */
  configure(config: unknown): Promise<void>;
  /** Servers that helpers were asked for, in order. */
  asked(): Promise<readonly string[]>;
}

export async function helperEnvironment(files: Scratch): Promise<HelperEnvironment> {
  const log = files.path("asked");
  await mkdir(files.path("bin"));
  await mkdir(files.path("home", ".docker"), { recursive: true });
  await writeFile(log, "");
  return {
    environment: { PATH: `${files.path("bin")}:/usr/bin:/bin`, HOME: files.path("home") },
    async install(name, script) {
      const text = `#!/bin/sh\n[ "$1" = get ] || exit 9\nserver=$(cat)\necho "$server" >> ${log}\n${script}\n`;
      await writeFile(files.path("bin", `docker-credential-${name}`), text, { mode: 0o755 });
    },
    configure: (config) => writeFile(files.path("home", ".docker", "config.json"), JSON.stringify(config)),
    asked: async () => (await readFile(log, "utf8")).split("\n").filter((line) => line !== ""),
  };
}
