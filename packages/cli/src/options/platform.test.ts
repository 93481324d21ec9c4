import { expect, test } from "vitest";
import { parsePlatform } from "./platform.ts";

test.each([
  [undefined, undefined],
  ["linux/amd64", { os: "linux", architecture: "amd64" }],
  ["linux/arm/v7", { os: "linux", architecture: "arm", variant: "v7" }],
])("%s", (text, platform) => {
  expect(parsePlatform(text)).toEqual(platform);
});

test.each(["", "linux", "linux/", "/amd64", "linux/amd64/", "linux/amd64/v1/x", "Linux/amd64"])(
  "%j is refused",
  (text) => {
    expect(() => parsePlatform(text)).toThrow("is not os/arch");
  },
);
