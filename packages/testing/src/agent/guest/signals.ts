/** Numbers of the signals that programs of the double know by name: Linux on every platform that boots guests. */
export const SIGNALS: Readonly<Record<string, number>> = {
  HUP: 1,
  INT: 2,
  QUIT: 3,
  KILL: 9,
  USR1: 10,
  USR2: 12,
  ALRM: 14,
  TERM: 15,
  CONT: 18,
  WINCH: 28,
};

/** Signals that end nothing by default: CHLD, CONT, URG, WINCH (signal(7)). */
const HARMLESS: ReadonlySet<number> = new Set([17, 18, 23, 28]);

/** What a program does about a signal; what it does not speak of has its default effect. */
export type Disposition = "ignore" | (() => void);

/** Why a program ends that a signal ends. */
export class Killed {
  readonly signal: number;

  constructor(signal: number) {
    this.signal = signal;
  }
}

/** Whether a signal ends a program with these dispositions. Handlers are called. */
export function isDeadly(signal: number, dispositions: ReadonlyMap<number, Disposition>): boolean {
  if (signal === SIGNALS["KILL"]) return true;
  const disposition = dispositions.get(signal);
  if (typeof disposition === "function") disposition();
  return disposition === undefined && !HARMLESS.has(signal);
}
