import type { Duplex } from "node:stream";
import { parseAnswer, type SwitchAnswer } from "./switch-answer.ts";

/** Far more than a switch says of 253 members. */
const MAX_LINE_CHARACTERS = 256 * 1024;

/** A control connection to a switch, which stays as long as it is open. */
export class SwitchConnection implements Disposable {
  readonly #stream: Duplex;
  readonly #asked: PromiseWithResolvers<SwitchAnswer | undefined>[] = [];
  readonly #connected = Promise.withResolvers<void>();
  readonly #gone = Promise.withResolvers<undefined>();
  #begun = "";

  constructor(stream: Duplex) {
    this.#stream = stream;
    stream.setEncoding("utf8");
    stream.on("data", (text: string) => this.#take(text));
    stream.on("error", () => {});
    stream.once("close", () => {
      this.#gone.resolve(undefined);
      for (const { resolve } of this.#asked.splice(0)) resolve(undefined);
    });
  }

  /** The VM that this connection has asked a place for has taken it. */
  get connected(): Promise<void> {
    return this.#connected.promise;
  }

  /** The switch is, or this connection was closed. */
  get gone(): Promise<undefined> {
    return this.#gone.promise;
  }

  /** Sends a line and waits for its answer; undefined when the switch is gone. */
  ask(line: object): Promise<SwitchAnswer | undefined> {
    const asked = Promise.withResolvers<SwitchAnswer | undefined>();
    if (this.#stream.destroyed) return Promise.resolve(undefined);
    this.#asked.push(asked);
    this.#stream.write(`${JSON.stringify(line)}\n`);
    return asked.promise;
  }

  [Symbol.dispose](): void {
    this.#stream.destroy();
  }

  #take(text: string): void {
    const lines = (this.#begun + text).split("\n");
    this.#begun = lines.pop() ?? "";
    for (const line of lines) {
      const answer = parseAnswer(line);
      if (answer === undefined) return void this.#stream.destroy();
      if ("connected" in answer) this.#connected.resolve();
      else this.#asked.shift()?.resolve(answer);
    }
    if (this.#begun.length > MAX_LINE_CHARACTERS) this.#stream.destroy();
  }
}
