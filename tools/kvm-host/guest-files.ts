import type { CpioEntry } from "./cpio.ts";

/** What a run asks of the emulated host, resolved: every path is absolute. */
export interface GuestPlan {
  readonly command: readonly string[];
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Mount tag of a 9p share and where it is mounted. */
  readonly shares: readonly { readonly tag: string; readonly guestPath: string }[];
  /** Directories of the machine whose contents must be visible wherever they lie. */
  readonly visible: readonly string[];
  /** Directories of the machine that get a writable layer, discarded at the end. */
  readonly writable: readonly string[];
  /** Ends each output stream. */
  readonly marker: string;
}

/** Top-level directories that the emulated host has of its own, hiding the machine's. A test holds init.sh to it. */
export const ownDirectories: readonly string[] = ["proc", "sys", "dev", "run", "tmp", "scratch"];

/** Where the command finds room: all of it on the scratch disk (ext4), discarded at the end of the run. */
export const guestEnvironment: Readonly<Record<string, string>> = {
  HOME: "/scratch/home",
  TMPDIR: "/tmp",
  XDG_CACHE_HOME: "/scratch/cache",
  A3S_HOME: "/scratch/a3s",
  NODE_COMPILE_CACHE: "/scratch/cache/node",
  LANG: "C.UTF-8",
  /** Tells programs and tests that they run in the emulated host, where everything takes 20 to 50 times longer. */
  A3S_KVM_HOST: "1",
};

/** `text` as one word of a POSIX shell. */
export function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** The given paths that the emulated host would hide, so that init has to expose them one by one; outermost first. */
export function hiddenPaths(paths: readonly string[]): string[] {
  const hidden = paths.filter((path) => {
    const [, top, below] = path.split("/");
    return top !== undefined && below !== undefined && below !== "" && ownDirectories.includes(top);
  });
  const sorted = [...new Set(hidden)].sort();
  return sorted.filter((path) => !sorted.some((other) => path.startsWith(`${other}/`)));
}

/** The files that carry one run's wishes into the emulated host, next to those of every run. */
export function guestFiles(plan: GuestPlan): CpioEntry[] {
  const places = [
    ...hiddenPaths(plan.visible).map((path) => `expose ${shellWord(path)}`),
    ...plan.writable.map((path) => `writable ${shellWord(path)}`),
    ...plan.shares.map((share) => `share ${shellWord(share.tag)} ${shellWord(share.guestPath)}`),
  ];
  const exports = Object.entries(plan.env).map(([name, value]) => `export ${name}=${shellWord(value)}`);
  const command = [
    "ulimit -Sn 1024",
    `cd ${shellWord(plan.cwd)} || exit 125`,
    // Left over from the shells and the kernel before.
    "unset OLDPWD SHLVL TERM",
    ...exports,
    `exec ${plan.command.map(shellWord).join(" ")}`,
  ];
  return [
    { path: "run" },
    { path: "run/places.sh", content: lines(places), mode: 0o600 },
    { path: "run/command.sh", content: lines(command), mode: 0o600 },
    { path: "run/marker.sh", content: lines([`marker=${shellWord(plan.marker)}`]), mode: 0o600 },
  ];
}

function lines(all: readonly string[]): string {
  return all.map((line) => `${line}\n`).join("");
}
