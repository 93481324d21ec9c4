import { raceSignal } from "@a3s/core";

/** Tells one waiter that something has changed. A ring that nobody waits for is remembered once. */
export class Bell {
  #rung = false;
  #wake: (() => void) | undefined;

  ring(): void {
    this.#rung = true;
    this.#wake?.();
  }

  /** Until it rings, or has rung since the wait before. @throws the signal's reason */
  async wait(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (!this.#rung) {
      await raceSignal(new Promise<void>((resolve) => (this.#wake = resolve)), signal);
    }
    this.#rung = false;
  }
}
