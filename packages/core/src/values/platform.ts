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
