import type { Digest, Platform } from "@a3s/core";
import * as v from "valibot";
import { digestSchema } from "./descriptor.ts";
import { MAX_CONFIG_BYTES, manifestInvalid, parseJsonDocument, parseShape } from "./json-document.ts";
import { MAX_LAYERS } from "./manifest.ts";

const MAX_ITEMS = 4096;
/** Linux refuses a longer single argument or environment string (MAX_ARG_STRLEN, 32 pages). */
const MAX_STRING = 128 * 1024;

const string = v.pipe(
  v.string(),
  v.maxLength(MAX_STRING),
  v.check((value) => !value.includes("\0"), "must not hold a NUL byte"),
);
const strings = v.pipe(v.array(string), v.maxLength(MAX_ITEMS));
/** Go writes a set as an object of empty objects. */
const set = v.pipe(
  v.record(string, v.unknown()),
  v.check((value) => Object.keys(value).length <= MAX_ITEMS, "has too many entries"),
);

/** Durations are Go's, in nanoseconds; 0 is the default. */
const nanoseconds = v.nullish(v.pipe(v.number(), v.minValue(0)));
const healthcheckSchema = v.looseObject({
  Test: v.nullish(strings),
  Interval: nanoseconds,
  Timeout: nanoseconds,
  StartPeriod: nanoseconds,
  Retries: v.nullish(v.pipe(v.number(), v.minValue(0))),
});

const schema = v.looseObject({
  os: v.pipe(string, v.nonEmpty()),
  architecture: v.pipe(string, v.nonEmpty()),
  variant: v.nullish(string),
  "os.version": v.nullish(string),
  created: v.nullish(string),
  config: v.nullish(
    v.looseObject({
      Entrypoint: v.nullish(strings),
      Cmd: v.nullish(strings),
      Env: v.nullish(strings),
      WorkingDir: v.nullish(string),
      User: v.nullish(string),
      ExposedPorts: v.nullish(set),
      Volumes: v.nullish(set),
      StopSignal: v.nullish(string),
      Healthcheck: v.nullish(healthcheckSchema),
      Labels: v.nullish(v.record(string, string)),
    }),
  ),
  rootfs: v.looseObject({
    type: v.literal("layers"),
    diff_ids: v.pipe(v.nullish(v.array(digestSchema), []), v.maxLength(MAX_LAYERS)),
  }),
});

/** How a container of the image is started: image-spec config.md, with every default filled in. */
export interface ImageConfig {
  /** Empty when the image has none. */
  readonly entrypoint: readonly string[];
  /** Arguments of the entrypoint, or the whole command without one. */
  readonly cmd: readonly string[];
  /** `NAME=value`, in the image's order; entries without `=` are left out, as every runtime does. */
  readonly env: readonly string[];
  /** Absolute; `/` when the image names none. */
  readonly workingDir: string;
  /** `user`, `uid`, `user:group` or `uid:gid`; empty means root. */
  readonly user: string;
  /** `80/tcp` and the like. */
  readonly exposedPorts: readonly string[];
  /** Absolute paths that want a volume. */
  readonly volumes: readonly string[];
  /** `SIGTERM`, `15`; absent when the image names none. */
  readonly stopSignal?: string;
  readonly labels: Readonly<Record<string, string>>;
  /** How its health is found out; absent when the image does not say, or says that it is not. Docker's extension of image-spec. */
  readonly healthcheck?: ImageHealthcheck;
}

/** A `HEALTHCHECK` of an image. Times in milliseconds; absent ones are the runtime's to choose. */
export interface ImageHealthcheck {
  /** Words of the command; a line for a shell is `/bin/sh -c` and the line. */
  readonly test: readonly string[];
  readonly intervalMs?: number;
  readonly timeoutMs?: number;
  readonly startPeriodMs?: number;
  /** Failures in a row that make it unhealthy. */
  readonly retries?: number;
}

/** An image configuration, parsed. */
export interface ParsedImageConfig {
  readonly config: ImageConfig;
  readonly platform: Platform;
  /** Digests of the uncompressed layers, lowest first. */
  readonly diffIds: readonly Digest[];
  /** When the image was made, as it says itself (RFC 3339). */
  readonly created?: string;
}

/** @throws {@link OciError} `MANIFEST_INVALID` */
export function parseImageConfig(bytes: Uint8Array, digest: Digest): ParsedImageConfig {
  const what = `the image configuration ${digest}`;
  const parsed = parseShape(schema, parseJsonDocument({ bytes, what, maxBytes: MAX_CONFIG_BYTES }), what);
  const { config, os, architecture, variant, "os.version": osVersion } = parsed;
  const workingDir = config?.WorkingDir || "/";
  // image-spec config.md allows a relative WorkingDir no meaning; `/` is what it is relative to elsewhere.
  const absolute = workingDir.startsWith("/") ? workingDir : `/${workingDir}`;
  const stopSignal = config?.StopSignal || undefined;
  if (stopSignal !== undefined && !/^[A-Z0-9+-]{1,32}$/i.test(stopSignal)) {
    throw manifestInvalid(what, `has the stop signal ${JSON.stringify(stopSignal.slice(0, 64))}, which is none`);
  }
  return {
    config: {
      entrypoint: config?.Entrypoint ?? [],
      cmd: config?.Cmd ?? [],
      env: (config?.Env ?? []).filter((entry) => entry.indexOf("=") > 0),
      workingDir: absolute,
      user: config?.User ?? "",
      exposedPorts: Object.keys(config?.ExposedPorts ?? {}),
      volumes: Object.keys(config?.Volumes ?? {}),
      ...(stopSignal === undefined ? {} : { stopSignal }),
      labels: config?.Labels ?? {},
      ...parseHealthcheck(config?.Healthcheck),
    },
    platform: { os, architecture, ...(variant ? { variant } : {}), ...(osVersion ? { osVersion } : {}) },
    diffIds: parsed.rootfs.diff_ids ?? [],
    ...(parsed.created ? { created: parsed.created } : {}),
  };
}

/** Docker's forms: `["CMD", WORD...]`, `["CMD-SHELL", LINE]`; `["NONE"]`, `[]` and what nobody knows yet are none. */
function parseHealthcheck(
  found: v.InferOutput<typeof healthcheckSchema> | null | undefined,
): Pick<ImageConfig, "healthcheck"> {
  const [form, ...words] = found?.Test ?? [];
  const test = form === "CMD" ? words : form === "CMD-SHELL" && words[0] ? ["/bin/sh", "-c", words[0]] : [];
  if (!found || !test[0]) return {};
  return {
    healthcheck: {
      test,
      ...(found.Interval ? { intervalMs: milliseconds(found.Interval) } : {}),
      ...(found.Timeout ? { timeoutMs: milliseconds(found.Timeout) } : {}),
      ...(found.StartPeriod ? { startPeriodMs: milliseconds(found.StartPeriod) } : {}),
      ...(found.Retries ? { retries: Math.ceil(found.Retries) } : {}),
    },
  };
}

function milliseconds(nanoseconds: number): number {
  return Math.ceil(nanoseconds / 1_000_000);
}
