import { raceSignal } from "@a3s/core";
import { watchLiveness } from "../process/liveness.ts";
import { alivePath } from "../process/vm-state.ts";
import { connectSwitch } from "./connect-switch.ts";
import type { SwitchAnswer, SwitchReading } from "./switch-answer.ts";
import type { SwitchMember, SwitchPlace } from "./switch-place.ts";

/** A switch answers within a millisecond; who only asks does not wait for one that does not. */
const PATIENCE_MS = 2000;

/** The members of a switch, connected or about to be, and what has gone through their ports; none when there is no switch, undefined when it does not answer. */
export async function readSwitch(place: SwitchPlace): Promise<readonly SwitchReading[] | undefined> {
  const answer = await patiently((signal) => ask(place, { status: {} }, signal));
  return answer === "silent" ? undefined : readingsOf(answer);
}

/** Gives a member other names. @returns whether it is one. */
export async function renameMember(
  place: SwitchPlace,
  { address, names }: Pick<SwitchMember, "address" | "names">,
): Promise<boolean> {
  const answer = await patiently((signal) => ask(place, { rename: { address, names } }, signal));
  return answer !== undefined && answer !== "silent" && "renamed" in answer;
}

/**
 * Until the switch has ended that a member is connected to; at once when it is not connected. Its card is not connected again.
 *
 * @throws the signal's reason
 */
export async function awaitSwitchEnd(
  place: SwitchPlace,
  { address }: Pick<SwitchMember, "address">,
  signal: AbortSignal,
): Promise<void> {
  // First, so that one that ends before it has answered is not waited for.
  using alive = watchLiveness(alivePath(place.statePath));
  if (alive === undefined) return;
  const readings = readingsOf(await ask(place, { status: {} }, signal));
  if (readings.some((reading) => reading.address === address && reading.connected)) {
    await raceSignal(alive.gone, signal);
  }
}

function readingsOf(answer: SwitchAnswer | undefined): readonly SwitchReading[] {
  return answer !== undefined && "status" in answer ? answer.status : [];
}

/** Undefined when there is no switch. */
async function ask(place: SwitchPlace, request: object, signal: AbortSignal): Promise<SwitchAnswer | undefined> {
  using connection = await connectSwitch(place);
  return await raceSignal(Promise.resolve(connection?.ask(request)), signal);
}

async function patiently<T>(asking: (signal: AbortSignal) => Promise<T>): Promise<T | "silent"> {
  const signal = AbortSignal.timeout(PATIENCE_MS);
  try {
    return await asking(signal);
  } catch (error) {
    if (signal.aborted) return "silent";
    throw error;
  }
}
