/** The platform an image is for, in the words of image-spec image-index.md (GOOS, GOARCH). */
export interface Platform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
  /** `os.version`: the build of Windows that an image needs, as in `10.0.20348.2159`. Other systems leave it out. */
  readonly osVersion?: string;
}

const ARCHITECTURES: Readonly<Partial<Record<NodeJS.Architecture, string>>> = { x64: "amd64", arm64: "arm64" };

/** The platform that guests on this machine have: always Linux, on the machine's own architecture. */
export function guestPlatform(arch: NodeJS.Architecture = process.arch): Platform {
  return { os: "linux", architecture: ARCHITECTURES[arch] ?? arch };
}

/** Reads `os/architecture[/variant]`, as in `linux/arm64/v8`. Undefined for anything else. */
export function parsePlatform(text: string): Platform | undefined {
  const [, os = "", architecture = "", variant] = /^([a-z0-9]+)\/([a-z0-9_]+)(?:\/([a-z0-9.]+))?$/.exec(text) ?? [];
  if (os === "") return undefined;
  return { os, architecture, ...(variant === undefined ? {} : { variant }) };
}
