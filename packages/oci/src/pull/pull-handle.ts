import { Transfer } from "../progress/transfer.ts";
import type { StoredImage } from "../store/stored-image.ts";
import type { PullEvent } from "./pull-event.ts";

/** A pull under way: see {@link Transfer}. */
export class Pull extends Transfer<PullEvent, StoredImage> {}
