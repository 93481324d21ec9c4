import type { Place, RootBuilder } from "../root/root-builder.ts";
import { setAttributes } from "../root/set-attributes.ts";
import type { Attributes } from "../tar/entry.ts";
import { NewFile } from "./new-file.ts";

/** A file of a root whose content is coming out of a tar stream. */
export class IncomingFile implements Disposable {
  readonly content: NewFile;
  readonly #root: RootBuilder;
  readonly #place: Place;
  readonly #attributes: Attributes;
  #isOpen = true;

  /** The place is free: its root has prepared it. */
  constructor(root: RootBuilder, place: Place, attributes: Attributes) {
    this.#root = root;
    this.#place = place;
    this.#attributes = attributes;
    this.content = new NewFile(root.createFile(place));
  }

  /** All content has come: the file is its root's from now on. */
  end(): void {
    const sha256 = this.content.finish();
    const unset = setAttributes(this.content.descriptor, this.#place.name, this.#attributes, this.#root.privileges);
    this[Symbol.dispose]();
    this.#root.addFile(this.#place, sha256, unset);
  }

  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.content[Symbol.dispose]();
  }
}
