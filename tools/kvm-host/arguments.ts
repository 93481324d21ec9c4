import { resolve } from "node:path";
import { parseArgs } from "node:util";
import type { KvmHostRun, Share } from "./kvm-host.ts";

const usage = `Usage: node tools/kvm-host/main.ts run [options] -- COMMAND [ARGUMENTS]

Runs a command in an emulated machine that has a working /dev/kvm.

  --cpus N            virtual CPUs (1; more can hang with QEMU before 8.1)
  --memory MIB        memory (4096)
  --disk GIB          size of the scratch disk (16)
  --timeout SECONDS   end the command after this time, boot included
  --env NAME=VALUE    set a variable; NAME alone takes this process's value
  --out [GUEST=]DIR   directory that takes results, at GUEST or at the same path
  --writable DIR      let the command write to a directory; the machine never sees it
  --verbose           show the emulated machine's console
`;

export interface Invocation {
  readonly run: Omit<KvmHostRun, "signal" | "stdout" | "stderr" | "console">;
  readonly verbose: boolean;
}

/** The run that the command line asks for. Throws an Error whose message is for the user. */
export function parseInvocation(
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): Invocation {
  const split = args.indexOf("--");
  const [verb, ...options] = split < 0 ? args : args.slice(0, split);
  const [program, ...rest] = split < 0 ? [] : args.slice(split + 1);
  if (verb !== "run" || program === undefined) throw new Error(usage.trimEnd());
  const { values } = parseArgs({
    args: options,
    options: {
      cpus: { type: "string" },
      memory: { type: "string" },
      disk: { type: "string" },
      timeout: { type: "string" },
      env: { type: "string", multiple: true },
      out: { type: "string", multiple: true },
      writable: { type: "string", multiple: true },
      verbose: { type: "boolean" },
    },
  });
  return {
    run: {
      command: [program, ...rest],
      ...number("cpus", "--cpus", values.cpus),
      ...number("memoryMib", "--memory", values.memory),
      ...number("diskGib", "--disk", values.disk),
      ...number("timeoutMs", "--timeout", values.timeout, 1000),
      env: Object.fromEntries((values.env ?? []).flatMap((text) => variable(text, env))),
      shares: (values.out ?? []).map(share),
      writable: (values.writable ?? []).map((path) => resolve(path)),
    },
    verbose: values.verbose ?? false,
  };
}

function number<K extends string>(key: K, option: string, text: string | undefined, factor = 1): { [k in K]?: number } {
  if (text === undefined) return {};
  if (!/^[1-9]\d*$/.test(text)) throw new Error(`${option} takes a whole number above 0, not "${text}".`);
  return { [key]: Number(text) * factor } as { [k in K]?: number };
}

function variable(text: string, env: Readonly<Record<string, string | undefined>>): [string, string][] {
  const [, name, value] = /^([A-Za-z_]\w*)(?:=(.*))?$/s.exec(text) ?? [];
  if (name === undefined) throw new Error(`--env takes NAME=VALUE or NAME, not "${text}".`);
  const taken = value ?? env[name];
  return taken === undefined ? [] : [[name, taken]];
}

function share(text: string): Share {
  const [first = "", second] = text.split("=", 2);
  const hostPath = resolve(second ?? first);
  return { guestPath: second === undefined ? hostPath : first, hostPath };
}
