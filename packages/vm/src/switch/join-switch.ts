import { join } from "node:path";
import { raceSignal, startDeadline } from "@a3s/core";
import { locateVmHost } from "../native/programs.ts";
import type { JailMode } from "../process/jail.ts";
import { watchLiveness } from "../process/liveness.ts";
import { alivePath } from "../process/vm-state.ts";
import { connectSwitch } from "./connect-switch.ts";
import { startSwitch, station } from "./start-switch.ts";
import type { SwitchConnection } from "./switch-connection.ts";
import { switchError } from "./switch-error.ts";
import { memberSocket, type SwitchMember, type SwitchPlace } from "./switch-place.ts";

/** Until the place is there, in milliseconds: a switch takes some 20 to start, and one that ends goes as fast. */
const DEFAULT_TIMEOUT_MS = 10_000;

/** Options of {@link joinSwitch}. */
export interface JoinSwitchOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds until the place is there; 10 s by default. */
  readonly timeoutMs?: number | undefined;
  /** What to do where the system does not allow a measure of the jail that a switch gets when it starts; `required` by default. */
  readonly jail?: JailMode | undefined;
  /** Absolute path of vm-host; what is installed, by default. */
  readonly vmHost?: string | undefined;
}

/** A place at a switch for one VM. Disposing of it before the VM has connected gives it up; the place of one that has is its own. */
export interface SwitchSeat extends Disposable {
  /** What the VM's card connects to, once. */
  readonly socketPath: string;
  /** The VM has connected. @throws VmError `SWITCH_FAILED` when the switch ends before; the signal's reason */
  connected(signal: AbortSignal): Promise<void>;
}

/**
 * Gives a VM that is about to start a place at the switch of a network, which is started when it is not there. One caller at a time for a
 * place: two could start one each.
 *
 * @throws VmError `SWITCH_FAILED`, `VM_HOST_MISSING`; the signal's reason
 */
export async function joinSwitch(
  place: SwitchPlace,
  member: SwitchMember,
  { signal, timeoutMs = DEFAULT_TIMEOUT_MS, jail = "required", vmHost }: JoinSwitchOptions = {},
): Promise<SwitchSeat> {
  using deadline = startDeadline({ signal, timeoutMs, what: "The switch of the network" });
  const program = vmHost ?? (await locateVmHost());
  try {
    return await findSeat(place, member, { program, jail, signal: deadline.signal });
  } catch (reason) {
    if (signal?.aborted || reason !== deadline.signal.reason) throw reason;
    throw switchError(`did not answer within ${timeoutMs} ms`, undefined, reason);
  }
}

async function findSeat(
  place: SwitchPlace,
  member: SwitchMember,
  { program, jail, signal }: { readonly program: string; readonly jail: JailMode; readonly signal: AbortSignal },
): Promise<SwitchSeat> {
  for (;;) {
    signal.throwIfAborted();
    const found = await connectSwitch(place);
    const started = found ?? (await startSwitch(program, place, { jail, signal }));
    if (started === undefined) {
      await awaitEnd(place, signal);
      continue;
    }
    const seat = await takeSeat(started, place, member, signal);
    if (seat !== undefined) return seat;
    if (found === undefined) throw switchError("ended at once");
  }
}

/** Undefined when the switch ends, as one does whose last member has just gone. */
async function takeSeat(
  connection: SwitchConnection,
  place: SwitchPlace,
  member: SwitchMember,
  signal: AbortSignal,
): Promise<SwitchSeat | undefined> {
  const socket = memberSocket(member);
  try {
    const request = { join: { station: station(member), names: member.names, socket } };
    const answer = await raceSignal(connection.ask(request), signal);
    if (answer !== undefined && "joined" in answer) return seatOf(connection, join(place.directory, socket));
    connection[Symbol.dispose]();
    if (answer === undefined) return undefined;
    throw switchError(`refused a member: ${"refused" in answer ? answer.refused : "it does not say why"}`);
  } catch (error) {
    connection[Symbol.dispose]();
    throw error;
  }
}

function seatOf(connection: SwitchConnection, socketPath: string): SwitchSeat {
  const gone = connection.gone.then(() => {
    throw switchError("ended before the VM had connected");
  });
  gone.catch(() => {});
  return {
    socketPath,
    connected: (signal) => raceSignal(Promise.race([connection.connected, gone]), signal),
    [Symbol.dispose]: () => connection[Symbol.dispose](),
  };
}

/** Until the switch that has the place is gone: one whose starter died before it brought anybody. */
async function awaitEnd({ statePath }: SwitchPlace, signal: AbortSignal): Promise<void> {
  using alive = watchLiveness(alivePath(statePath));
  if (alive !== undefined) await raceSignal(alive.gone, signal);
}
