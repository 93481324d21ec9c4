import { spawn } from "node:child_process";
import { once } from "node:events";
import { PassThrough } from "node:stream";
import { setTimeout as after } from "node:timers/promises";
import { expect, test } from "vitest";
import { keepPulse, listenToHeart } from "./heart.ts";

test("a heart that never beats, or no more, has stopped", async () => {
  expect(await listenToHeart(new PassThrough(), 10_000, 20)).toEqual({ stopped: true, longestPauseMs: 0 });
  const beats = new PassThrough();
  const heart = listenToHeart(beats, 20, 10_000);
  beats.write(".");
  expect(await heart).toEqual({ stopped: true, longestPauseMs: 0 });
});

test("as long as it beats it has not stopped, however long that takes; its longest pause is told", async () => {
  const beats = new PassThrough();
  const heart = listenToHeart(beats, 300);
  for (const pause of [0, 150, 100, 100]) {
    await after(pause);
    beats.write(".");
  }
  beats.destroy();
  const { stopped, longestPauseMs } = await heart;
  expect(stopped).toBe(false);
  expect(longestPauseMs).toBeGreaterThan(140);
});

test("beats that came while this process stood still count", async () => {
  const child = spawn("sh", ["-c", "sleep 0.1; printf ."], { stdio: ["ignore", "pipe", "inherit"] });
  const heart = listenToHeart(child.stdout, 50, 50);
  const until = performance.now() + 400;
  while (performance.now() < until);
  expect((await heart).stopped).toBe(false);
});

test("a machine that answers each line is asked until nobody listens any more", async () => {
  const child = spawn("sh", ["-c", "while read -r _; do printf .; done"], { stdio: ["pipe", "pipe", "inherit"] });
  const heart = listenToHeart(child.stdout, 10_000);
  {
    using _pulse = keepPulse(child.stdin);
    await once(child.stdout, "data");
    await once(child.stdout, "data");
  }
  child.stdin.end();
  const { stopped, longestPauseMs } = await heart;
  expect(stopped).toBe(false);
  expect(longestPauseMs).toBeGreaterThan(900);
});
