import { spawn } from "node:child_process";
import { once } from "node:events";
import { closeSync, openSync } from "node:fs";

/**
 * Holds the lock of this checkout's bootstrap until the returned function is called or this process ends, however it
 * ends. flock(1) locks the open file that it inherits, which is this process's own; where it is missing (macOS),
 * there is no lock.
 */
export async function lockBootstrap(path, onWait) {
  const descriptor = openSync(path, "a");
  const release = () => closeSync(descriptor);
  if ((await flock(descriptor, ["--nonblock", "--conflict-exit-code", "75"])) !== 75) return release;
  onWait();
  await flock(descriptor, []);
  return release;
}

async function flock(descriptor, options) {
  const child = spawn("flock", [...options, "3"], { stdio: ["ignore", "ignore", "ignore", descriptor] });
  try {
    const [code] = await once(child, "close");
    return code;
  } catch {
    return undefined;
  }
}
