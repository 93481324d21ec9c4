import * as v from "valibot";

const count = v.pipe(v.number(), v.integer(), v.minValue(0));

const reading = v.object({
  address: v.string(),
  connected: v.boolean(),
  sentFrames: count,
  sentBytes: count,
  receivedFrames: count,
  receivedBytes: count,
  lostFrames: count,
  refusedFrames: count,
});

const failure = v.object({
  stage: v.string(),
  what: v.string(),
  errno: v.pipe(v.number(), v.integer()),
  message: v.string(),
});

/** A line of a switch: native/vm-host/PROTOCOL.md, "The switch of a network". */
const answer = v.union([
  v.strictObject({ ready: v.object({ jail: v.array(v.string()) }) }),
  v.strictObject({ failed: failure }),
  v.strictObject({ joined: v.string() }),
  v.strictObject({ connected: v.string() }),
  v.strictObject({ renamed: v.string() }),
  v.strictObject({ refused: v.string() }),
  v.strictObject({ status: v.array(reading) }),
]);

export type SwitchAnswer = v.InferOutput<typeof answer>;

/** Why a switch did not start. */
export type SwitchFailure = Readonly<v.InferOutput<typeof failure>>;

/** What has gone through a member's port. */
export type SwitchReading = Readonly<v.InferOutput<typeof reading>>;

/** Undefined for what is none. */
export function parseAnswer(line: string): SwitchAnswer | undefined {
  const parsed = v.safeParse(v.pipe(v.string(), v.parseJson(), answer), line);
  return parsed.success ? parsed.output : undefined;
}
