import type { AgentClient } from "../../src/index.ts";

/** An implementation of the guest agent that the suite is held against. */
export interface AgentSubject extends AsyncDisposable {
  readonly client: AgentClient;
  /** A second client of the same agent. */
  connect(): AgentClient;
  /** An absolute path in the guest where the suite makes a directory of its own. */
  readonly scratchParent: string;
}

/** What differs between implementations by nature. The suite holds both answers to each. */
export interface AgentTraits {
  readonly name: string;
  /** The agent is the first process of a machine of its own: its clock and random numbers are the agent's to set. */
  readonly ownsMachine: boolean;
  /** Users are held to the permissions of files; otherwise what anyone asks for is done. */
  readonly enforcesPermissions: boolean;
  /** Its shell knows all of POSIX: background jobs, pipes. Otherwise it says that it does not. */
  readonly hasWholeShell: boolean;
  /** Others can join a process that runs. Otherwise it says that it does not have that call. */
  readonly attaches: boolean;
  /** Its files have extended attributes. Otherwise archives that bring some are unpacked without them. */
  readonly keepsXattrs: boolean;
  /** How much slower than hardware everything is; limits of time are multiplied by it. */
  readonly slowness: number;
  start(): Promise<AgentSubject>;
}

/** The agent under test, and what tests ask of it. Filled before the first test. */
export interface Held {
  readonly traits: AgentTraits;
  readonly client: AgentClient;
  readonly subject: AgentSubject;
  /** A path in the suite's directory in the guest. */
  at(...names: string[]): string;
  /** Makes a new directory there; answers paths in it. */
  directory(): Promise<(...names: string[]) => string>;
}
