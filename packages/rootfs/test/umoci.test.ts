import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { chown, mkdir, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { busyboxImage, type LocalImage } from "../../../tools/images/busybox.ts";
import { debianImages } from "../../../tools/images/debian.ts";
import { layersOf } from "../../../tools/images/layers.ts";
import { removeTree } from "../src/root/remove-tree.ts";
import { type Inventory, type InventoryEntry, inventory } from "./fixture/inventory.ts";
import { buildahImages, craftedImage, tarImage } from "./fixture/real-images.ts";
import { runChild } from "./fixture/run-child.ts";

/*
 * Images of several makers, applied by umoci and here, as root and without, entry by entry. They are benign: umoci is not asked what
 * it does with attacks.
 */

const run = promisify(execFile);
const isRoot = process.geteuid?.() === 0;
const soak = process.env["A3S_SOAK"] === "1";
const NOBODY = 65_534;

/** An image, and the same one as umoci can read it. */
interface Pair {
  readonly ours: LocalImage;
  readonly theirs: LocalImage;
}

const same = (image: LocalImage): readonly Pair[] => [{ ours: image, theirs: image }];

const IMAGES: readonly (readonly [string, (work: string) => Promise<readonly Pair[]>])[] = [
  ["made by umoci", async (work) => same(await readableCopy(await busyboxImage(), work))],
  [
    "built by buildah, with gzip and with zstd",
    async (work) => {
      const { gzip, zstd } = await buildahImages(work);
      return [gzip, zstd].map((ours) => ({ ours, theirs: gzip }));
    },
  ],
  ["of files that GNU tar has packed", async (work) => same(await tarImage(work))],
  ["with links, whiteouts, devices and capabilities across layers", async (work) => same(await craftedImage(work))],
];

/** Some 400 MB compressed. */
const LARGE: typeof IMAGES = [
  [
    "of a Debian system with compilers",
    async (work) => {
      const { layout, tags } = await debianImages();
      return same(await readableCopy({ layout, tag: tags[0] ?? "" }, work));
    },
  ],
];

test.runIf(isRoot).each(soak ? [...IMAGES, ...LARGE] : IMAGES)(
  "an image %s looks as umoci unpacks it",
  async (_, make) => {
    await using work = await Work.create();
    for (const { ours, theirs } of await make(await work.directory("image"))) {
      for (const uid of [undefined, NOBODY]) {
        const place = await work.directory(`of ${uid}`, uid);
        await work.openToAll();
        const expected = await unpack(theirs, place, uid);
        const root = await runChild({ store: join(place, "store"), layers: await layersOf(ours) }, uid);
        const unset = new Map(recordsOf(root.unsetPath).map((record) => [record.path, record]));
        const actual = inventory(root.path);
        await removeTree(place);
        expect(Object.keys(actual).length).toBeGreaterThan(15);
        expect(differences(actual, uid === undefined ? expected : withoutRootless(expected, unset))).toEqual([]);
      }
    }
  },
  soak ? 600_000 : 60_000,
);

interface UnsetLine {
  readonly path: string;
  readonly owner?: object;
  readonly device?: object;
}

function recordsOf(unsetPath: string): readonly UnsetLine[] {
  return readFileSync(unsetPath, "utf8")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));
}

/** What umoci makes of an image. */
async function unpack({ layout, tag }: LocalImage, place: string, uid: number | undefined): Promise<Inventory> {
  const options = ["--image", `${layout}:${tag}`, ...(uid === undefined ? [] : ["--rootless"])];
  const user = uid === undefined ? {} : { uid, gid: uid };
  const env = { PATH: process.env["PATH"], HOME: place };
  // What the root has that no entry describes depends on the umask with umoci.
  const script = 'umask 022; exec umoci raw unpack "$@"';
  await run("sh", ["-c", script, "sh", ...options, join(place, "theirs")], { ...user, env });
  return inventory(join(place, "theirs"));
}

/**
 * Without root neither can set all of an image. Where umoci puts something in its place on disk, here a record says what is missing:
 *
 * - a device is an empty file with umoci, which a process would take for one. Here it has no name on disk, and a record;
 * - an owner is an extended attribute with umoci, for a tool that gives it to processes. Here the record is all there is, because
 *   an image could set the attribute too.
 */
function withoutRootless(theirs: Inventory, unset: ReadonlyMap<string, UnsetLine>): Inventory {
  const files: Record<string, InventoryEntry> = {};
  for (const [path, entry] of Object.entries(theirs)) {
    const record = unset.get(path === "." ? "" : path);
    if (record?.device !== undefined) {
      expect(entry).toMatchObject({ mode: expect.stringMatching(/^100/), size: 0 });
      continue;
    }
    const { "user.rootlesscontainers": owner, ...xattrs } = entry.xattrs;
    if (owner !== undefined) expect(record).toMatchObject({ owner: expect.anything() });
    files[path] = { ...entry, xattrs };
  }
  return files;
}

/** Only what differs, because a large image has too many files for a report. */
function differences(actual: Inventory, expected: Inventory): readonly unknown[] {
  const paths = new Set([...Object.keys(actual), ...Object.keys(expected)]);
  const pairs = [...paths].map((path) => ({ path, here: actual[path], umoci: expected[path] }));
  return pairs.filter(({ here, umoci }) => JSON.stringify(here) !== JSON.stringify(umoci));
}

/** The checkout may be closed to other users. */
async function readableCopy({ layout, tag }: LocalImage, work: string): Promise<LocalImage> {
  await run("cp", ["-r", layout, join(work, "copy")]);
  return { layout: join(work, "copy"), tag };
}

/** A directory of a test, deep enough for tools that go astray. */
class Work implements AsyncDisposable {
  readonly #top: string;

  private constructor(top: string) {
    this.#top = top;
  }

  static async create(): Promise<Work> {
    return new Work(await mkdtemp(join(tmpdir(), "a3s-rootfs-umoci-")));
  }

  /** A new directory, of the user if there is one. */
  async directory(name: string, uid?: number): Promise<string> {
    const path = join(this.#top, name, "several/levels/deep");
    await mkdir(path, { recursive: true });
    if (uid !== undefined) await chown(path, uid, uid);
    return path;
  }

  /** Lets other users read everything, whatever the umask. */
  async openToAll(): Promise<void> {
    await run("chmod", ["-R", "a+rX", this.#top]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeTree(this.#top);
  }
}
