import type { GenericSchema } from "valibot";
import { boxEvent, boxList, boxReadings, inspectedBoxes, logEntry, prunedBoxes } from "./box-json.ts";
import { homeInfo, hostReport } from "./host-json.ts";
import { imageList, inspectedImages, loadedImages, prunedImages, pulledImage, pushedImage } from "./image-json.ts";
import { inspectedNetworks, networkList } from "./network-json.ts";
import { prunedHome } from "./prune-json.ts";
import { supervisorDeed } from "./supervisor-json.ts";
import { inspectedVolumes, volumeList } from "./volume-json.ts";

/** What each command prints as JSON. docs/cli.md is made of it, and tests hold the commands to it. */
export const JSON_OUTPUTS = {
  ps: boxList,
  inspect: inspectedBoxes,
  logs: logEntry,
  stats: boxReadings,
  supervise: supervisorDeed,
  events: boxEvent,
  "box prune": prunedBoxes,
  prune: prunedHome,
  pull: pulledImage,
  push: pushedImage,
  images: imageList,
  load: loadedImages,
  "image inspect": inspectedImages,
  "image prune": prunedImages,
  "volume ls": volumeList,
  "volume inspect": inspectedVolumes,
  "network ls": networkList,
  "network inspect": inspectedNetworks,
  info: homeInfo,
  doctor: hostReport,
} as const satisfies Readonly<Record<string, GenericSchema>>;
