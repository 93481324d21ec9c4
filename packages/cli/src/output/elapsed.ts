const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** From which length on a time is told in which unit: two of a unit are the least that say more than the smaller one. */
const UNITS = [
  { name: "year", ms: 365 * DAY },
  { name: "month", ms: 30 * DAY },
  { name: "week", ms: 7 * DAY },
  { name: "day", ms: DAY },
  { name: "hour", ms: HOUR },
  { name: "minute", ms: MINUTE },
] as const;
const SECONDS = { name: "second", ms: SECOND };

/** A length of time as people tell it: `5 seconds`, `About a minute`, `3 hours`. */
export function formatElapsed(ms: number): string {
  if (ms < SECOND) return "Less than a second";
  if (ms >= MINUTE && ms < 2 * MINUTE) return "About a minute";
  if (ms >= HOUR && ms < 2 * HOUR) return "About an hour";
  const { name, ms: unitMs } = UNITS.find((unit) => ms >= 2 * unit.ms) ?? SECONDS;
  const count = Math.floor(ms / unitMs);
  return `${count} ${name}${count === 1 ? "" : "s"}`;
}
