import { expect, test } from "vitest";
import { type Deed, formatDeed } from "./supervisor-line.ts";

const time = "2026-01-31T12:00:00.000Z";
const box = { time, id: "0123456789ab", name: "web" };

test.each<[Deed, string]>([
  [{ time, deed: "began", home: "/home" }, "a3s-box: looks after the boxes in /home"],
  [{ ...box, deed: "looks-after" }, "web: is looked after"],
  [{ time, id: box.id, deed: "ended", exitCode: 3, meaning: "so" }, "0123456789ab: ended with 3"],
  [{ ...box, deed: "ended", exitCode: null, meaning: "so" }, "web: ended with unknown exit code"],
  [{ ...box, deed: "failed", error: "No\n\x1b[2Jroom" }, "web: No [2Jroom"],
  [{ ...box, deed: "health", health: "healthy", failingStreak: 0 }, "web: healthy"],
  [{ ...box, deed: "health", health: "unhealthy", failingStreak: 3 }, "web: unhealthy after 3 failed checks"],
  [
    { ...box, deed: "offline" },
    "web: is on its network no more: the switch has ended; restart the box to connect it again",
  ],
  [{ ...box, deed: "expired" }, "web: its time is over, it is stopped"],
  [{ ...box, deed: "restarting", delayMs: 200, restart: 2 }, "web: starts again in 200 ms, restart 2"],
  [{ ...box, deed: "resting", why: "exhausted" }, "web: stays stopped: it has failed too often"],
])("%j: %s", (deed, line) => {
  expect(formatDeed(deed)).toBe(`${time} ${line}`);
});
