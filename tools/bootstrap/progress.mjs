/** One line per step on stderr: stdout belongs to the command that follows. */
export class Progress {
  #stream;
  #begun = new Map();
  constructor(stream = process.stderr) {
    this.#stream = stream;
  }

  started(name, what) {
    this.#begun.set(name, performance.now());
    this.#line("…", name, "", what);
  }

  done(name, what) {
    this.#line("✓", name, this.#seconds(name), what);
  }

  failed(name) {
    this.#line("✗", name, this.#seconds(name), "");
  }

  note(text) {
    this.#stream.write(`bootstrap: ${text}\n`);
  }

  #seconds(name) {
    return `${((performance.now() - this.#begun.get(name)) / 1000).toFixed(1)} s`;
  }

  #line(sign, name, time, what) {
    this.#stream.write(`${sign} ${name.padEnd(10)} ${time.padStart(8)}  ${what}`.trimEnd().concat("\n"));
  }
}
