/** Name of a volume that A3S Box keeps. */
export type VolumeName = string;

/** docker's names, with a bound so that one is always a file name. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}$/;

/** Whether it can name a volume: 1 to 128 characters of `[a-zA-Z0-9_.-]`, the first a letter or digit. */
export function isVolumeName(value: unknown): value is VolumeName {
  return typeof value === "string" && NAME.test(value);
}
