import type { BoxId } from "@a3s/core";
import { boxProcess } from "../plan/box-process.ts";
import { planMainProcess } from "../plan/command.ts";
import type { Supervision } from "../supervisor/supervision.ts";
import type { BoxInspection, BoxSummary } from "./box-description.ts";
import type { BoxRecord } from "./box-record.ts";
import type { SeenBox } from "./look-at-box.ts";

/** A line of a list. */
export function summarize({ record, life, exit }: SeenBox, { health, nextStartAt }: Supervision): BoxSummary {
  const { id, name, config, createdAt, startedAt, image } = record;
  return {
    ...{ id, name, state: life, image: config.image || image.reference, command: words(record) },
    labels: config.labels,
    ports: config.ports.map(
      ({ hostAddress, hostPort, guestPort, protocol }) => `${hostAddress}:${hostPort}:${guestPort}/${protocol}`,
    ),
    createdAt,
    ...(startedAt === null ? {} : { startedAt }),
    ...(exit === undefined ? {} : { exit }),
    ...(health === undefined ? {} : { health: health.status }),
    ...(nextStartAt === undefined ? {} : { nextStartAt }),
  };
}

/** A line for a box whose record cannot be read. */
export function summarizeDamaged(id: BoxId, damage: string): BoxSummary {
  return { id, name: id, state: "damaged", image: "", command: [], labels: {}, ports: [], damage };
}

export function inspect(
  seen: SeenBox,
  supervision: Supervision,
  { directory, address }: Pick<BoxInspection, "directory" | "address">,
): BoxInspection {
  const { config, main, autoRemove, image, chainId, generation, restarts } = seen.record;
  return {
    ...summarize(seen, supervision),
    ...{ config, main, autoRemove, imageDigest: image.digest, chainId, generation, restarts, directory },
    supervised: supervision.supervised,
    ...(supervision.health === undefined ? {} : { healthChecks: supervision.health }),
    ...(address === undefined ? {} : { address }),
    ...(seen.vm === undefined ? {} : { pid: seen.vm.identity.pid, jail: seen.vm.jail }),
    volumes: [...new Set(config.volumes.map(({ source }) => source).filter((source) => !source.startsWith("/")))],
  };
}

function words({ main, image, config }: BoxRecord): readonly string[] {
  return main === null ? [] : planMainProcess(boxProcess(image.process, config), {}).argv;
}
