import { closeSync } from "node:fs";
import { openDirectoryAt } from "../posix/at.ts";
import type { DirectoryNode } from "../tree/node.ts";

/** Twice the deepest path of the default limits, and well below the usual limit of 1024 descriptors of a process. */
const CAPACITY = 256;

/**
 * Open descriptors of directories in a root. Each is opened from its parent's by one name and without following links, so that it is
 * beneath the root by construction. The least recently used are closed.
 */
export class DirectoryDescriptors implements Disposable {
  readonly #rootDescriptor: number;
  readonly #open = new Map<DirectoryNode, number>();
  #latest: DirectoryNode | undefined;

  /** `rootDescriptor` stays the caller's to close. */
  constructor(rootDescriptor: number) {
    this.#rootDescriptor = rootDescriptor;
  }

  /** Valid until `CAPACITY` other directories have been asked for, or `forget`. */
  of(node: DirectoryNode): number {
    if (node.parent === undefined) return this.#rootDescriptor;
    const known = this.#open.get(node);
    if (known !== undefined) {
      if (this.#latest !== node) this.#use(node, known);
      return known;
    }
    const descriptor = openDirectoryAt(this.of(node.parent), node.name);
    this.#use(node, descriptor);
    if (this.#open.size > CAPACITY) {
      const [oldest] = this.#open.keys();
      if (oldest !== undefined) this.forget(oldest);
    }
    return descriptor;
  }

  /** Closes a directory's descriptor, before it is removed. */
  forget(node: DirectoryNode): void {
    const descriptor = this.#open.get(node);
    if (descriptor === undefined) return;
    this.#open.delete(node);
    if (this.#latest === node) this.#latest = undefined;
    closeSync(descriptor);
  }

  [Symbol.dispose](): void {
    for (const node of [...this.#open.keys()]) this.forget(node);
  }

  #use(node: DirectoryNode, descriptor: number): void {
    this.#open.delete(node);
    this.#open.set(node, descriptor);
    this.#latest = node;
  }
}
