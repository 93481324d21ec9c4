import { extname } from "node:path";
import { readConfigFile } from "../config-file.ts";
import { type BoxConfig, parseBoxConfigOf } from "./box-config.ts";

/**
 * Reads a box configuration from a file: YAML 1.2 (`.yaml`, `.yml`) or JSON (`.json`), at most 1 MiB.
 *
 * @throws CoreError `CONFIG_UNREADABLE` when the file cannot be read; `CONFIG_INVALID`, with line and column of everything that is wrong.
 */
export async function loadBoxConfig(
  path: string,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<BoxConfig> {
  const { value, locate } = await readConfigFile(path, extname(path) === ".json" ? "json" : "yaml", options);
  return parseBoxConfigOf(value, path, locate);
}
