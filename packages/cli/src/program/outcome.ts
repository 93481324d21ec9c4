/** Exit code of `run` for failures of the runtime itself, and of every command for flags that make no sense, as docker has it. */
export const RUNTIME_FAILURE = 125;

/** What a command tells the process about its end. */
export interface Outcome {
  /** What the process ends with. */
  exit(code: number): void;
  /** What it ends with if the command fails in a way that has no code of its own: 1 unless told otherwise. */
  failWith(code: number): void;
}
