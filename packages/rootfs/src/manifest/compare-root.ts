import { createHash } from "node:crypto";
import { closeSync, readSync } from "node:fs";
import { type ByteString, readable } from "../bytes/byte-string.ts";
import { openFileAt } from "../posix/at.ts";
import { errnoCode } from "../posix/errno.ts";
import { FILE_COST_BYTES, type Pace } from "../root/pace.ts";
import { unlessRefused } from "../root/privileges.ts";
import { compareEntries, type RootDifference } from "./compare-entries.ts";
import { describeFile } from "./describe-file.ts";
import { byteStringOf, type ManifestEntry, sortKey } from "./manifest-entry.ts";
import { type WalkedFile, type WalkStep, walkRoot } from "./walk-root.ts";

/** What a comparison of a root with its manifest found. */
export interface RootComparison {
  /** The first hundred. */
  readonly differences: readonly RootDifference[];
  /** How many there are beside those. */
  readonly more: number;
  /** Files whose content, or whose whole directory, this user may not read: they are not compared. */
  readonly unreadable: number;
}

const MAX_DIFFERENCES = 100;
const READ_BYTES = 1024 * 1024;

/**
 * Compares an open root directory with the entries of its manifest, both in one order, each once. What a missing or unexpected
 * directory holds is not reported for itself.
 */
export async function compareRoot(
  root: number,
  manifest: AsyncIterable<ManifestEntry>,
  pace: Pace,
): Promise<RootComparison> {
  using comparison = new Comparison(root, pace);
  for await (const entry of manifest) await comparison.take(entry);
  return comparison.finish();
}

class Comparison implements Disposable {
  readonly #walk: Generator<WalkedFile, void, WalkStep | undefined>;
  readonly #pace: Pace;
  /** Content of files with several names, which is read once. */
  readonly #contents = new Map<bigint, string | undefined>();
  readonly #differences: RootDifference[] = [];
  #more = 0;
  #unreadable = 0;
  #current: WalkedFile | undefined;
  /** What is below this cannot be compared. */
  #lost: { readonly prefix: ByteString; readonly unreadable: boolean } | undefined;

  constructor(root: number, pace: Pace) {
    this.#walk = walkRoot(root, (path) => this.#lose(path, true));
    this.#pace = pace;
    this.#advance("pass");
  }

  async take(expected: ManifestEntry): Promise<void> {
    const path = byteStringOf(expected.path);
    if (this.#lost !== undefined && path.startsWith(this.#lost.prefix)) {
      if (this.#lost.unreadable) this.#unreadable++;
      return;
    }
    const key = sortKey(path);
    while (this.#current !== undefined && sortKey(this.#current.path) < key) this.#passExtra(this.#current);
    const found = this.#current;
    if (found?.path !== path) {
      this.#report({ path: readable(path), kind: "missing" });
      this.#lose(path, false);
      return;
    }
    await this.#pace(FILE_COST_BYTES);
    const isDirectory = await this.#compare(expected, found);
    if (expected.type === "directory" && !isDirectory) this.#lose(path, false);
    this.#advance(expected.type === "directory" && isDirectory ? "enter" : "pass");
  }

  finish(): RootComparison {
    while (this.#current !== undefined) this.#passExtra(this.#current);
    return { differences: this.#differences, more: this.#more, unreadable: this.#unreadable };
  }

  /** Closes the directories that a walk without an end has open. */
  [Symbol.dispose](): void {
    this.#walk.return();
  }

  /** Answers whether there is a directory. */
  async #compare(expected: ManifestEntry, { directory, name, path }: WalkedFile): Promise<boolean> {
    const found = unlessRefused(() => describeFile(directory, name, path));
    if (found === undefined) {
      this.#unreadable++;
      return true;
    }
    const { entry, sharedInode } = found;
    let { sha256 } = expected;
    if (entry.type === "file" && expected.size === entry.size) {
      const content = await this.#contentOf(directory, name, sharedInode);
      if (content === undefined) this.#unreadable++;
      else sha256 = content;
    }
    const actual = sha256 === undefined ? entry : { ...entry, sha256 };
    for (const difference of compareEntries(expected, actual)) this.#report(difference);
    return entry.type === "directory";
  }

  /** SHA-256 in hexadecimal digits; undefined when this user may not read the file. */
  async #contentOf(directory: number, name: ByteString, sharedInode: bigint | undefined): Promise<string | undefined> {
    if (sharedInode === undefined) return this.#readContent(directory, name);
    if (!this.#contents.has(sharedInode)) this.#contents.set(sharedInode, await this.#readContent(directory, name));
    return this.#contents.get(sharedInode);
  }

  async #readContent(directory: number, name: ByteString): Promise<string | undefined> {
    const file = unlessRefused(() => openFileAt(directory, name));
    if (file === undefined) return undefined;
    try {
      const hash = createHash("sha256");
      const piece = Buffer.allocUnsafe(READ_BYTES);
      for (let bytes = readSync(file, piece); bytes > 0; bytes = readSync(file, piece)) {
        hash.update(piece.subarray(0, bytes));
        await this.#pace(bytes);
      }
      return hash.digest("hex");
    } catch (error) {
      // A disk that cannot read it has damaged it.
      if (errnoCode(error) === "EIO") return "";
      throw error;
    } finally {
      closeSync(file);
    }
  }

  #passExtra({ path }: WalkedFile): void {
    this.#report({ path: readable(path), kind: "extra" });
    this.#advance("pass");
  }

  #report(difference: RootDifference): void {
    if (this.#differences.length < MAX_DIFFERENCES) this.#differences.push(difference);
    else this.#more++;
  }

  #lose(path: ByteString, unreadable: boolean): void {
    this.#lost = { prefix: path === "" ? "" : `${path}/`, unreadable };
  }

  #advance(step: WalkStep): void {
    this.#current = this.#walk.next(step).value ?? undefined;
  }
}
