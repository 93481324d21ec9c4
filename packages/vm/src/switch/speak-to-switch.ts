import { connectSwitch } from "./connect-switch.ts";
import type { SwitchReading } from "./switch-answer.ts";
import type { SwitchMember, SwitchPlace } from "./switch-place.ts";

/** The members of a switch, connected or about to be, and what has gone through their ports; none when there is no switch. */
export async function readSwitch(place: SwitchPlace): Promise<readonly SwitchReading[]> {
  using connection = await connectSwitch(place);
  const answer = await connection?.ask({ status: {} });
  return answer !== undefined && "status" in answer ? answer.status : [];
}

/** Gives a member other names. @returns whether it is one. */
export async function renameMember(
  place: SwitchPlace,
  { address, names }: Pick<SwitchMember, "address" | "names">,
): Promise<boolean> {
  using connection = await connectSwitch(place);
  const answer = await connection?.ask({ rename: { address, names } });
  return answer !== undefined && "renamed" in answer;
}
