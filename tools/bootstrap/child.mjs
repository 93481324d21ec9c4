import { spawn } from "node:child_process";
import { once } from "node:events";
import { createWriteStream } from "node:fs";

/** A program that a step ran and that did not succeed. Its output is in the step's log. */
class ChildFailure extends Error {
  constructor(program, args, why) {
    super(`"${[program, ...args].join(" ")}" ${why}`);
  }
}

/**
 * Runs a program to its end with its output appended to a log file. It leads a process group of its own, which gets
 * SIGTERM when `signal` aborts: package managers and compilers start children that must end with them.
 */
export async function runLogged(program, args, { cwd, env, log, signal }) {
  signal.throwIfAborted();
  const output = createWriteStream(log, { flags: "a" });
  await once(output, "open");
  output.write(`$ ${[program, ...args].join(" ")}\n`);
  const child = spawn(program, args, { cwd, env, detached: true, stdio: ["ignore", output, output] });
  const end = () => endGroup(child);
  signal.addEventListener("abort", end, { once: true });
  try {
    const [code, killedBy] = await once(child, "close");
    signal.throwIfAborted();
    if (code !== 0)
      throw new ChildFailure(program, args, killedBy ? `was ended by ${killedBy}` : `exited with code ${code}`);
  } catch (error) {
    if (error?.code === "ENOENT") throw new ChildFailure(program, args, "could not be started: it is not installed");
    throw error;
  } finally {
    signal.removeEventListener("abort", end);
    output.end();
  }
}

function endGroup(child) {
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGTERM");
  } catch {
    // The group has ended by itself.
  }
}

/** What a program wrote to stdout, or undefined where it is missing or fails. */
export async function captured(program, args, env) {
  const child = spawn(program, args, { env, stdio: ["ignore", "pipe", "ignore"] });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (chunk) => {
    text += chunk;
  });
  try {
    const [code] = await once(child, "close");
    return code === 0 ? text : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Becomes the given command as far as Node allows: same terminal, same descriptors, signals passed on, and its exit
 * code or deadly signal becomes this process's own.
 */
export async function become(program, args, env) {
  const child = spawn(program, args, { env, stdio: "inherit" });
  for (const name of ["SIGTERM", "SIGHUP"]) process.on(name, () => child.kill(name));
  // A terminal sends Ctrl-C to the whole group: passing it on would make it arrive twice.
  process.on("SIGINT", () => process.stdin.isTTY || child.kill("SIGINT"));
  const [code, killedBy] = await once(child, "close");
  if (killedBy === null) return code;
  process.removeAllListeners(killedBy);
  process.kill(process.pid, killedBy);
  return 1;
}
