import type { BoxConfigInput, BoxId } from "@a3s/core";
import type { ImagePullOptions } from "../image/find-image.ts";
import type { Box, BoxCall, BoxRemoveOptions, BoxStartOptions } from "./box.ts";
import type { BoxMain, BoxSummary } from "./box-description.ts";

/** Options of {@link Boxes.create}. */
export interface BoxCreateOptions extends BoxCall {
  /** Unique; 2 to 128 letters, digits and `_.-`, of which the first is a letter or digit. Two words by default, such as `calm-otter`. */
  readonly name?: string | undefined;
  /** Whoever sees it end removes it; false by default. */
  readonly autoRemove?: boolean | undefined;
  /**
   * The main process: without terminal and stdin by default. `false` for a box without one, which runs until it is stopped and takes
   * `exec`.
   */
  readonly main?: Partial<BoxMain> | false | undefined;
  /** How its image is pulled, unless the runtime says so. */
  readonly pull?: ImagePullOptions | undefined;
}

/** Options of {@link Boxes.list}. */
export interface BoxListOptions extends BoxCall {
  /** Also those that do not run; true by default. */
  readonly all?: boolean | undefined;
}

/** Options of {@link Boxes.prune}. */
export interface BoxPruneOptions extends BoxCall {
  /** Removes those alone for which it says so; all that are stopped or were never started by default. */
  readonly filter?: ((box: BoxSummary) => boolean) | undefined;
}

/**
 * The boxes of a home directory, whoever made them. What changes one takes the box's lock; a box that cannot be read is listed as damaged and
 * keeps nobody from the others.
 */
export interface Boxes {
  /**
   * Makes a box that is ready to be started: its image is pulled when it is missing, and its root directory stays as long as the box does.
   * A call that fails leaves nothing.
   *
   * @throws CoreError `CONFIG_INVALID`; RuntimeError `BOX_NAME_INVALID`, `BOX_NAME_TAKEN`, `BOX_INVALID`, `COMMAND_MISSING`,
   * `NETWORK_UNENFORCEABLE`, `PLATFORM_UNSUPPORTED`, `PULL_REFUSED`, `VOLUME_INVALID`; the errors of @a3s/oci and @a3s/rootfs; the
   * signal's reason.
   */
  create(config: BoxConfigInput, options?: BoxCreateOptions): Promise<Box>;

  /** {@link create} and start. A box that cannot be started is removed again. */
  run(config: BoxConfigInput, options?: BoxCreateOptions & BoxStartOptions): Promise<Box>;

  /** By id, name, or the beginning of an id that no other has. @throws RuntimeError `BOX_NOT_FOUND`, `BOX_AMBIGUOUS`, `BOX_DAMAGED` */
  get(box: string, call?: BoxCall): Promise<Box>;

  /** Newest first. */
  list(options?: BoxListOptions): Promise<readonly BoxSummary[]>;

  /** Removes a box, also one that is damaged (with `force`). @throws RuntimeError `BOX_NOT_FOUND`, `BOX_AMBIGUOUS`, `BOX_RUNNING`, `BOX_DAMAGED` */
  remove(box: string, options?: BoxRemoveOptions): Promise<void>;

  /** Removes boxes that do not run. @returns their ids. */
  prune(options?: BoxPruneOptions): Promise<readonly BoxId[]>;
}
