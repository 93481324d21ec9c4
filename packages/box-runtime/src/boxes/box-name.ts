import { randomInt } from "node:crypto";
import { boxNameInvalid } from "./box-error.ts";

/** docker's rule, with a bound. */
const NAME = /^[a-zA-Z0-9][a-zA-Z0-9_.-]{1,127}$/;

const MOODS =
  "able brave brisk calm clear cosy crisp deft eager fair fleet fond free glad green hardy jolly keen kind light lucid merry mild neat noble plain proud quick quiet sunny swift warm wise witty".split(
    " ",
  );
const ANIMALS =
  "badger bear beaver crane crow deer dove duck eagle falcon finch fox gecko goose hare hawk heron ibis jay koala lark lion lynx mole moose newt otter owl panda puffin raven robin seal shrew stork swan tern toad trout vole whale wolf wren yak".split(
    " ",
  );

/** Whether it can name a box: 2 to 128 characters of `[a-zA-Z0-9_.-]`, the first a letter or digit. */
export function isBoxName(value: unknown): value is string {
  return typeof value === "string" && NAME.test(value);
}

/** @throws RuntimeError `BOX_NAME_INVALID` */
export function requireBoxName(name: string): void {
  if (!isBoxName(name)) throw boxNameInvalid(name);
}

/** A name to read and remember that nobody has; with a number when luck runs out. @param pick a whole number from 0 to its argument, exclusive */
export function chooseName(taken: ReadonlySet<string>, pick: (end: number) => number = randomInt): string {
  for (let tries = 0; ; tries++) {
    const words = `${MOODS[pick(MOODS.length)]}-${ANIMALS[pick(ANIMALS.length)]}`;
    const name = tries < 8 ? words : `${words}-${tries}`;
    if (!taken.has(name)) return name;
  }
}
