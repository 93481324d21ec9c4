import { expect, test } from "vitest";
import { type BoxState, type BoxTransition, INITIAL_STATUS, isLive, nextStatus, requireLive } from "./box-state.ts";

function walk(...transitions: readonly BoxTransition[]): string {
  const end = transitions.reduce(nextStatus, INITIAL_STATUS);
  return `${end.state}:${end.sessions}`;
}

test.each<[BoxTransition[], string]>([
  [[], "created:0"],
  [["booted"], "ready:0"],
  [["booted", "session-began"], "busy:1"],
  [["booted", "session-began", "session-began", "session-ended"], "busy:1"],
  [["booted", "session-began", "session-ended"], "ready:0"],
  [["booted", "session-began", "compaction-began"], "compacting:1"],
  [["booted", "session-began", "session-began", "compaction-began", "compaction-ended"], "busy:2"],
  [["ended"], "stopped:0"],
  [["booted", "session-began", "ended"], "stopped:0"],
  [["ended", "ended"], "stopped:0"],
])("%j leads to %s", (transitions, end) => {
  expect(walk(...transitions)).toBe(end);
});

const legal: Readonly<Record<BoxState, readonly BoxTransition[]>> = {
  created: ["booted", "ended"],
  ready: ["session-began", "ended"],
  busy: ["session-began", "session-ended", "compaction-began", "ended"],
  compacting: ["compaction-ended", "ended"],
  stopped: ["ended"],
};
const every: readonly BoxTransition[] = [
  "booted",
  "session-began",
  "session-ended",
  "compaction-began",
  "compaction-ended",
  "ended",
];

test.each(Object.keys(legal) as BoxState[])("a box that is %s refuses every other step with STATE_INVALID", (state) => {
  for (const transition of every) {
    const step = () => nextStatus({ state, sessions: 1 }, transition);
    if (legal[state].includes(transition)) expect(step).not.toThrow();
    else expect(step).toThrow(expect.objectContaining({ code: "STATE_INVALID", hint: expect.any(String) }));
  }
});

test("only ready, busy and compacting boxes are live", () => {
  expect((Object.keys(legal) as BoxState[]).filter(isLive)).toEqual(["ready", "busy", "compacting"]);
  expect(() => requireLive("created", "exec")).toThrow(
    expect.objectContaining({ code: "STATE_INVALID", message: "exec needs a running box; this one is created" }),
  );
});
