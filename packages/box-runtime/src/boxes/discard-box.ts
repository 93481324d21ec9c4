import type { BoxId } from "@a3s/core";
import type { BoxRemoveOptions } from "./box.ts";
import { boxDamaged, boxNotFound, boxRunning } from "./box-error.ts";
import type { BoxPlace } from "./box-place.ts";
import { lookAtOwnBox } from "./look-at-box.ts";
import { mendBox } from "./mend-box.ts";
import { removeFiles } from "./remove-box.ts";

/** Removes a box, whatever it does. @throws RuntimeError `BOX_RUNNING` and `BOX_DAMAGED` without force, `BOX_NOT_FOUND` */
export async function discardBox(
  place: BoxPlace,
  id: BoxId,
  { force = false, volumes = false, signal }: BoxRemoveOptions,
): Promise<void> {
  const { store } = place;
  await store.locked(id, signal, async () => {
    const record = await store.read(id);
    if (record === undefined) throw boxNotFound(id);
    if ("damage" in record) {
      if (!force) throw boxDamaged(id, record.damage);
      return await removeFiles(place, id, { volumes });
    }
    using seen = await lookAtOwnBox(place, id);
    if (seen.vm !== undefined && seen.life !== "removing") {
      if (!force) throw boxRunning(id, seen.life);
      await store.writeIfRoom({ ...seen.record, intent: "removing" });
      await seen.vm.kill();
    } else if (seen.mend === "finish-remove") {
      return await mendBox(place, seen);
    } else {
      await store.writeIfRoom({ ...seen.record, intent: "removing" });
    }
    await removeFiles(place, id, { volumes, known: record });
  });
}
