import type { TarEntry, TarEntryBase } from "@a3s/testing";

/** An entry as its meaning, and the extension headers to say it with. */
export interface FuzzEntry {
  readonly type: "file" | "directory" | "symlink" | "hardlink" | "fifo" | "character-device";
  readonly path: string;
  readonly target: string;
  readonly content: Buffer;
  /** For files: zeros that follow the content as a hole. */
  readonly hole: number;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  readonly mtime: { readonly sec: number; readonly nsec: number };
  readonly xattrs: Readonly<Record<string, string>>;
  readonly format: "plain" | "pax" | "gnu";
}

/** The headers and the body of an entry. */
export function tarEntries(entry: FuzzEntry): readonly TarEntry[] {
  const { format, path, target } = entry;
  if (format !== "gnu") return [tarEntry(entry, format === "pax" ? { path, linkpath: target } : {})];
  const long = (typeflag: string, value: string): TarEntry => ({
    type: "file",
    path: "././@LongLink",
    content: `${value}\0`,
    header: { typeflag, magic: "ustar ", version: " \0" },
  });
  return [long("L", path), ...(target === "" ? [] : [long("K", target)]), tarEntry(entry, {})];
}

function tarEntry(entry: FuzzEntry, names: Readonly<Record<string, string>>): TarEntry {
  const { path, target, mode, uid, gid, mtime, xattrs, hole, content } = entry;
  const pax: Record<string, string> = {};
  for (const [keyword, name] of Object.entries(names)) if (name !== "") pax[keyword] = name;
  if (uid > 0o7777777) pax["uid"] = String(uid);
  if (mtime.nsec > 0 || mtime.sec < 0) pax["mtime"] = paxTime(mtime);
  const base: TarEntryBase = { path, mode, uid, gid, mtime: Math.max(0, mtime.sec), xattrs, pax };
  if (entry.type === "symlink" || entry.type === "hardlink") return { ...base, type: entry.type, target };
  if (entry.type === "character-device") return { ...base, type: entry.type, major: 1, minor: 3 };
  if (entry.type !== "file") return { ...base, type: entry.type };
  if (hole === 0) return { ...base, type: "file", content };
  const map = `1\n0\n${content.length}\n`.padEnd(512, "\0");
  const sparse = { "GNU.sparse.major": "1", "GNU.sparse.minor": "0", "GNU.sparse.name": path };
  return {
    ...base,
    type: "file",
    content: Buffer.concat([Buffer.from(map), content]),
    pax: { ...pax, ...sparse, "GNU.sparse.realsize": String(content.length + hole) },
  };
}

function paxTime({ sec, nsec }: FuzzEntry["mtime"]): string {
  const total = BigInt(sec) * 1_000_000_000n + BigInt(nsec);
  const size = total < 0n ? -total : total;
  return `${total < 0n ? "-" : ""}${size / 1_000_000_000n}.${String(size % 1_000_000_000n).padStart(9, "0")}`;
}
