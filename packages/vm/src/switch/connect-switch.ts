import { once } from "node:events";
import { connect } from "node:net";
import * as v from "valibot";
import { socketPath } from "../spec/path.ts";
import { SwitchConnection } from "./switch-connection.ts";
import { switchError } from "./switch-error.ts";
import { controlSocket, type SwitchPlace } from "./switch-place.ts";

/** A connection to the switch that is there; undefined when there is none. */
export async function connectSwitch(place: SwitchPlace): Promise<SwitchConnection | undefined> {
  const path = controlSocket(place);
  const parsed = v.safeParse(socketPath, path);
  if (!parsed.success) throw switchError(`cannot have its socket at ${path}: it ${parsed.issues[0].message}`);
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return new SwitchConnection(socket);
  } catch (error) {
    if (["ENOENT", "ECONNREFUSED"].includes(String((error as NodeJS.ErrnoException).code))) return undefined;
    throw error;
  }
}
