import { chmodSync, mkdirSync, mkdtempSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type LayerCompression, Random, type TestLayer, tarArchive, testLayer, writeTestLayer } from "@a3s/testing";
import { ensureRoot } from "../../src/ensure-root.ts";
import { RootfsError } from "../../src/errors/rootfs-error.ts";
import { removeTree } from "../../src/root/remove-tree.ts";
import { LowerStore } from "../../src/store/lower-store.ts";
import { type Inventory, inventory } from "../fixture/inventory.ts";
import { type FuzzEntry, tarEntries } from "./fuzz-entry.ts";
import { generateLayer } from "./generate.ts";
import { Model, Refused } from "./model.ts";
import { mutate } from "./mutate.ts";

/** What a run has seen. */
export interface FuzzCounts {
  readonly rounds: number;
  readonly mutated: number;
  /** By error code; `accepted` for layers that gave a root. */
  readonly outcomes: Readonly<Record<string, number>>;
}

const LIMITS = { maxEntries: 300, maxTotalBytes: 300_000, maxFileBytes: 100_000, maxExtensionBytes: 4096 };
const CODES = ["LAYER_INVALID", "LAYER_UNSUPPORTED", "LAYER_ESCAPE", "LAYER_RESERVED", "LAYER_TOO_LARGE"];
const isRoot = process.geteuid?.() === 0;

/** Applies generated layers for a time. Rejects at the first promise that is not kept, with the seed of its round. */
export async function fuzz(seed: number, milliseconds: number): Promise<FuzzCounts> {
  await using place = await FuzzPlace.create();
  const outcomes: Record<string, number> = {};
  let [rounds, mutated] = [0, 0];
  for (const end = performance.now() + milliseconds; performance.now() < end; rounds++) {
    const roundSeed = (seed + rounds) | 0;
    try {
      const round = makeRound(new Random(roundSeed));
      const outcome = await place.play(round);
      outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      if (round.predicted === undefined) mutated++;
    } catch (cause) {
      const message = cause instanceof Error ? (cause.stack ?? cause.message) : String(cause);
      throw new Error(`A3S_SEED=${roundSeed} repeats this round: ${message}`, { cause });
    }
  }
  return { rounds, mutated, outcomes };
}

interface Round {
  readonly layers: readonly TestLayer[];
  /** What the layers mean; undefined when they are broken at random. */
  readonly predicted: Model | "refused" | undefined;
}

function makeRound(random: Random): Round {
  const generated = Array.from({ length: 1 + random.below(3) }, () => generateLayer(random, isRoot));
  // Most random images are refused early, by one bad entry; without those, more of each image is applied.
  const layers = random.chance(0.7) ? acceptable(generated) : generated;
  const archives: Buffer[] = layers.map((entries) => Buffer.from(tarArchive(entries.flatMap(tarEntries))));
  const predicted = random.chance(0.5) ? predict(layers) : undefined;
  if (predicted === undefined) {
    const broken = random.below(archives.length);
    archives.splice(broken, 1, mutate(archives[broken] as Buffer, random.pick(archives), random));
  }
  const compression = random.weighted<LayerCompression>([
    [4, "none"],
    [1, "gzip"],
    [1, "zstd"],
  ]);
  return { layers: archives.map((archive) => testLayer(archive, { compression })), predicted };
}

/** The layers without the entries that make them refused. */
function acceptable(layers: readonly (readonly FuzzEntry[])[]): readonly (readonly FuzzEntry[])[] {
  const kept: FuzzEntry[][] = [];
  for (const entries of layers) {
    const layer: FuzzEntry[] = [];
    kept.push(layer);
    for (const entry of entries) {
      layer.push(entry);
      if (predict(kept) === "refused") layer.pop();
    }
  }
  return kept;
}

function predict(layers: readonly (readonly FuzzEntry[])[]): Model | "refused" {
  const model = new Model();
  try {
    for (const entries of layers) model.apply(entries);
    return model;
  } catch (error) {
    if (error instanceof Refused) return "refused";
    throw error;
  }
}

/** A store with files around it that no layer may touch. */
class FuzzPlace implements AsyncDisposable {
  readonly #directory: string;
  readonly #store: LowerStore;
  readonly #around: Inventory;

  private constructor(directory: string, store: LowerStore) {
    this.#directory = directory;
    this.#store = store;
    this.#around = this.#look();
  }

  static async create(): Promise<FuzzPlace> {
    // In memory where there is such a place: each root is synced.
    const shared = statSync("/dev/shm", { throwIfNoEntry: false });
    const directory = mkdtempSync(join(shared === undefined ? tmpdir() : "/dev/shm", "a3s-rootfs-fuzz-"));
    for (const name of ["blobs", "etc", "one/two/three/a"]) mkdirSync(join(directory, name), { recursive: true });
    for (const name of ["canary", "etc/canary", "one/canary", "one/two/canary", "one/two/three/canary"]) {
      writeFileSync(join(directory, name), "untouched");
    }
    chmodSync(join(directory, "one/two/three/canary"), 0o600);
    return new FuzzPlace(directory, await LowerStore.open(join(directory, "one/two/three/rootfs")));
  }

  /** Applies layers and checks everything that is promised. Answers how it went. */
  async play({ layers, predicted }: Round): Promise<string> {
    const sources = await Promise.all(layers.map((layer) => writeTestLayer(join(this.#directory, "blobs"), layer)));
    const descriptors = openDescriptors();
    const outcome = await ensureRoot({ store: this.#store, layers: sources, limits: LIMITS }).then(
      undefined,
      (error) => {
        if (error instanceof RootfsError && CODES.includes(error.code)) return error.code;
        throw error;
      },
    );
    same("open descriptors", openDescriptors(), descriptors);
    same("around the store", this.#look(), this.#around);
    same("staging", readdirSync(join(this.#store.directory, ".staging")), []);
    if (typeof outcome === "string") {
      same("roots after a refusal", (await this.#store.list()).length, 0);
      if (predicted instanceof Model) throw new Error(`refused with ${outcome}`);
      return outcome;
    }
    if (predicted === "refused") throw new Error("applied what was to be refused");
    if (predicted !== undefined) same("the root", inventory(outcome.path), inventoryOf(predicted));
    await this.#store.remove(outcome.chainId);
    return "accepted";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await removeTree(this.#directory);
  }

  #look(): Inventory {
    return inventory(this.#directory, ["blobs", "one/two/three/rootfs"]);
  }
}

function openDescriptors(): number {
  return readdirSync("/proc/self/fd").length;
}

/** The model's tree as it should look on disk. */
function inventoryOf(model: Model): Inventory {
  const links = new Map<object, number>();
  for (const { inode } of model.names.values()) links.set(inode, (links.get(inode) ?? 0) + 1);
  const files: Record<string, Inventory[string]> = {};
  for (const [path, { inode }] of model.names) {
    const { type, attributes, target, size, sha256 } = inode;
    const isDevice = type === "character-device";
    if (isDevice && !isRoot) continue;
    const { mode, mtime, xattrs } = attributes;
    const owner = isRoot ? `${attributes.uid}:${attributes.gid}` : `${process.geteuid?.()}:${process.getegid?.()}`;
    files[path === "" ? "." : Buffer.from(path).toString("latin1")] = {
      mode: (TYPE_BITS[type] + (type === "symlink" ? 0o777 : mode)).toString(8),
      owner,
      mtimeNs: String(BigInt(mtime.sec) * 1_000_000_000n + BigInt(mtime.nsec)),
      ...(type === "directory"
        ? {}
        : { size: type === "symlink" ? Buffer.byteLength(target) : size, nlink: links.get(inode) ?? 0 }),
      ...(isDevice ? { device: "103" } : {}),
      ...(type === "symlink" ? { target: Buffer.from(target).toString("latin1") } : {}),
      ...(type === "file" ? { sha256 } : {}),
      xattrs,
    };
  }
  return files;
}

const TYPE_BITS: Readonly<Record<FuzzEntry["type"], number>> = {
  file: 0o100000,
  directory: 0o040000,
  symlink: 0o120000,
  hardlink: 0,
  fifo: 0o010000,
  "character-device": 0o020000,
};

function same(what: string, actual: unknown, expected: unknown): void {
  const [one, other] = [sorted(actual), sorted(expected)];
  if (one !== other) throw new Error(`${what}: found\n${one}\ninstead of\n${other}`);
}

/** As JSON with keys in order, a line for each of the first level. */
function sorted(value: unknown): string {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return JSON.stringify(value);
  const entries = Object.entries(value).toSorted(([one], [other]) => (one < other ? -1 : 1));
  return entries.map(([key, each]) => `${JSON.stringify(key)}: ${sorted(each).replaceAll("\n", ", ")}`).join("\n");
}

if (import.meta.main) {
  const [seed = "0", milliseconds = "1000"] = process.argv.slice(2);
  console.log(JSON.stringify(await fuzz(Number(seed), Number(milliseconds))));
}
