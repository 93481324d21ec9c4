import type { Counts } from "./counts.ts";

/** What a suite gets. */
export interface SuiteContext {
  readonly repository: string;
  /** A directory of this suite's own for reports and logs; empty. */
  readonly directory: string;
  readonly soak: boolean;
  /** Test files whose path holds one of these; all when empty. */
  readonly files: readonly string[];
  readonly signal: AbortSignal;
}

/** A part of `npm test` that passes or fails on its own. */
export interface Suite {
  readonly name: string;
  /** What it holds, for people. */
  readonly what: string;
  readonly run: (context: SuiteContext) => Promise<Counts>;
}

export interface SuiteResult extends Counts {
  readonly name: string;
  readonly seconds: number;
}
