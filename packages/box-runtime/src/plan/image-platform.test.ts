import { expect, test } from "vitest";
import { planPlatform } from "./image-platform.ts";

const amd = { os: "linux", architecture: "amd64" };

test("a platform that the machine runs is asked for, and its own when none is wanted", () => {
  expect(planPlatform(undefined, amd)).toBeUndefined();
  expect(planPlatform("linux/amd64/v2", amd)).toEqual({ ...amd, variant: "v2" });
  expect(planPlatform("linux/386", amd)).toEqual({ os: "linux", architecture: "386" });
});

test("another machine's platform is refused before anything is pulled", () => {
  expect(() => planPlatform("linux/arm64", amd)).toThrow(
    expect.objectContaining({ code: "PLATFORM_UNSUPPORTED", message: expect.stringContaining("linux/arm64") }),
  );
  const arm = { os: "linux", architecture: "arm64" };
  expect(() => planPlatform("linux/arm/v7", arm)).toThrow(expect.objectContaining({ code: "PLATFORM_UNSUPPORTED" }));
});
