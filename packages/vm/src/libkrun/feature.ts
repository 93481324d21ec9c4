/** What a build of libkrun can be asked about: the `KRUN_FEATURE_*` constants of libkrun.h. */
export const KRUN_FEATURES = {
  net: 0,
  blk: 1,
  gpu: 2,
  snd: 3,
  input: 4,
  efi: 5,
  tee: 6,
  "amd-sev": 7,
  "intel-tdx": 8,
  "aws-nitro": 9,
  "virgl-resource-map2": 10,
  "init-blob": 11,
} as const;

/** A feature that libkrun was, or was not, built with. */
export type KrunFeature = keyof typeof KRUN_FEATURES;
