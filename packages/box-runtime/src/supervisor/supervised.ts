import { join } from "node:path";
import { type HomeLayout, isFileLocked } from "@a3s/core";

/** The lock that the supervisor of a home directory holds. */
export function supervisorLock(home: HomeLayout): string {
  return join(home.boxes, ".supervisor");
}

/** Whether restart policies, health checks and lifetimes are in force: whether somebody carries them out now. */
export function isSupervised(home: HomeLayout): Promise<boolean> {
  return isFileLocked(supervisorLock(home));
}
