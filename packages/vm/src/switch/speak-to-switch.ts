import { raceSignal } from "@a3s/core";
import { connectSwitch } from "./connect-switch.ts";
import type { SwitchAnswer, SwitchReading } from "./switch-answer.ts";
import type { SwitchMember, SwitchPlace } from "./switch-place.ts";

/** A switch answers within a millisecond; one that does not is as good as none for who only asks. */
const PATIENCE_MS = 2000;

/** The members of a switch, connected or about to be, and what has gone through their ports; none when there is no switch. */
export async function readSwitch(place: SwitchPlace): Promise<readonly SwitchReading[]> {
  const answer = await ask(place, { status: {} });
  return answer !== undefined && "status" in answer ? answer.status : [];
}

/** Gives a member other names. @returns whether it is one. */
export async function renameMember(
  place: SwitchPlace,
  { address, names }: Pick<SwitchMember, "address" | "names">,
): Promise<boolean> {
  const answer = await ask(place, { rename: { address, names } });
  return answer !== undefined && "renamed" in answer;
}

async function ask(place: SwitchPlace, request: object): Promise<SwitchAnswer | undefined> {
  using connection = await connectSwitch(place);
  const answer = connection?.ask(request);
  return await raceSignal(Promise.resolve(answer), AbortSignal.timeout(PATIENCE_MS)).catch(() => undefined);
}
