import { access, constants, stat } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { RuntimeError } from "../errors/runtime-error.ts";

/** How passt comes onto a machine. */
export const PASST_FIX =
  "Install passt (package passt of Debian, Ubuntu, Fedora, Alpine and Arch Linux; https://passt.top) where PATH leads to it.";

/** The absolute path of passt; undefined where PATH leads to none. */
export async function findPasst(path = process.env["PATH"] ?? ""): Promise<string | undefined> {
  for (const directory of path.split(delimiter)) {
    // What PATH means relative to wherever this process happens to be is not for a program that gets the host's network.
    if (!directory.startsWith("/")) continue;
    const program = join(directory, "passt");
    if (await isProgram(program)) return program;
  }
  return undefined;
}

/** @throws RuntimeError `NETWORK_UNENFORCEABLE` */
export async function requirePasst(path?: string): Promise<string> {
  const program = await findPasst(path);
  if (program !== undefined) return program;
  throw new RuntimeError({
    code: "NETWORK_UNENFORCEABLE",
    message: 'The network "passt" cannot be had: the program passt is not installed',
    hint: PASST_FIX,
    details: { network: "passt" },
  });
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}
