import * as v from "valibot";
import { bytes, digest, field, time } from "./fields.ts";
import { supervisedInspection, supervisedSummary } from "./supervisor-json.ts";

const count = (meaning: string) => field(v.pipe(v.number(), v.integer(), v.minValue(0)), meaning);

const exit = v.strictObject({
  exitCode: field(v.nullable(v.number()), "of the main process, 128 + N after signal N; null when nobody knows"),
  signal: field(v.nullable(v.string()), "what ended the main process; null also when nobody heard of it"),
  meaning: field(v.string(), "how the VM ended, in one sentence"),
  endedAt: field(v.nullable(v.pipe(v.string(), v.isoTimestamp())), "ISO 8601; null when that is not known"),
});

const summary = {
  id: v.string(),
  name: v.string(),
  state: v.picklist(["created", "starting", "running", "stopping", "stopped", "removing", "damaged"]),
  image: field(v.string(), "reference that it was created with; empty when damaged"),
  command: field(v.array(v.string()), "words of the main process, entrypoint included"),
  labels: v.record(v.string(), v.string()),
  ports: field(v.array(v.string()), "HOST_ADDRESS:HOST_PORT:GUEST_PORT/PROTOCOL"),
  createdAt: v.optional(time("missing when damaged")),
  startedAt: v.optional(time("of its last start")),
  exit: v.optional(field(exit, "of its last run; missing while it runs, and when it never did")),
  ...supervisedSummary,
  damage: v.optional(field(v.string(), "what is wrong with its record")),
};

export const boxList = v.array(v.strictObject(summary));

export const inspectedBoxes = v.array(
  v.strictObject({
    ...summary,
    config: field(v.looseObject({}), "BoxConfig of @a3s/core, complete"),
    main: field(v.nullable(v.strictObject({ tty: v.boolean(), stdin: v.boolean() })), "null: none, only exec"),
    autoRemove: field(v.boolean(), "whether it goes with its end"),
    imageDigest: digest("of the platform's manifest"),
    chainId: digest("of the root directory"),
    generation: count("changes of its record, from 1"),
    restarts: count("starts by its restart policy"),
    ...supervisedInspection,
    pid: v.optional(field(v.number(), "of the VM host, while it runs")),
    jail: v.optional(field(v.array(v.string()), "measures in force, while it runs")),
    directory: field(v.string(), "where its files are on the host"),
    address: v.optional(field(v.string(), "on its network of boxes, its own until it is removed")),
    volumes: field(v.array(v.string()), "named ones"),
  }),
);

/** All of it is missing while the box does not run. */
const reading = {
  time: time("of the reading; this and all that follows are missing while the box does not run"),
  uptimeMs: field(v.number(), "since its kernel started"),
  cpu: v.strictObject({
    count: v.number(),
    percent: field(v.number(), "of one CPU, since the reading before"),
    busyMs: field(v.number(), "all CPUs at work, since its kernel started"),
  }),
  memory: v.strictObject({ totalBytes: bytes("of the guest"), usedBytes: bytes("of these") }),
  load: field(v.tuple([v.number(), v.number(), v.number()]), "averages over 1, 5 and 15 minutes"),
  taskCount: count("threads and the kernel's included"),
  disk: v.optional(
    field(
      v.strictObject({ readBytes: bytes("read"), writtenBytes: bytes("written") }),
      "of the host's, since the VM started; missing where the host does not tell",
    ),
  ),
  network: v.optional(
    field(
      v.strictObject({ receivedBytes: bytes("received"), sentBytes: bytes("sent") }),
      "since the VM started; missing with --network tsi, whose bytes nobody counts",
    ),
  ),
};

export const boxReadings = v.array(
  v.strictObject({ id: v.string(), name: v.string(), ...v.partial(v.strictObject(reading)).entries }),
);

export const prunedBoxes = v.strictObject({ boxes: field(v.array(v.string()), "IDs that are gone") });

export const logEntry = v.strictObject({
  cursor: field(v.string(), "the place behind it, for --after"),
  time: time("when it was written"),
  stream: field(v.picklist(["stdout", "stderr", "console", "log"]), "console: the kernel's; log: something is missing"),
  text: v.optional(field(v.string(), "a line without its newline; what is no UTF-8 is replaced")),
  partial: v.optional(field(v.boolean(), "the line goes on in the stream's next entry")),
  cause: v.optional(field(v.picklist(["writer", "reader"]), "why something is missing")),
  dropped: v.optional(
    field(
      v.nullable(v.strictObject({ records: v.number(), bytes: v.number() })),
      "how much is missing; null when that is not known",
    ),
  ),
});

export const boxEvent = v.strictObject({
  time: v.optional(time("when it was written down; missing of history.*")),
  event: field(
    v.string(),
    "box.created, box.started, box.error, box.stopped, box.renamed, box.removed, of a supervisor box.health, box.offline, box.expired, box.restarting, box.resting; history.gap or history.damaged: something is missing",
  ),
  id: v.optional(v.string()),
  name: v.optional(field(v.string(), "of the box then")),
  image: v.optional(field(v.string(), "reference that it was created with")),
  exit: v.optional(field(exit, "of box.stopped")),
  error: v.optional(
    field(v.strictObject({ code: v.nullable(v.string()), message: v.string() }), "of box.error: why it did not start"),
  ),
  health: v.optional(field(v.string(), "of box.health: starting, healthy or unhealthy")),
  delayMs: v.optional(field(v.number(), "of box.restarting: until it is started again")),
  restart: v.optional(field(v.number(), "of box.restarting: which restart it is, from 1")),
  why: v.optional(field(v.string(), "of box.resting: why it is not started again")),
  reason: v.optional(field(v.string(), "of history.*: what is missing")),
  cursor: field(v.string(), "the place behind it, for --after"),
});
