import { type BoxConfigInput, parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { planGuestMain } from "./main-process.ts";

const image = {
  entrypoint: ["/init"],
  cmd: ["run"],
  env: ["A=1"],
  workingDir: "/srv",
  user: "app",
  stopSignal: "QUIT",
};

const box = (config: Omit<BoxConfigInput, "image">) => parseBoxConfig({ image: "a", ...config });

test("the image says what its process is, the request what is different", () => {
  expect(planGuestMain(image, {}, box({ stopGraceMs: 5000 }))).toMatchObject({
    command: ["/init", "run"],
    env: { A: "1" },
    cwd: "/srv",
    user: "app",
    stopSignal: "SIGQUIT",
    endGraceMs: 5000,
  });
  const request = { command: ["x"], user: "0", stopSignal: 9, tty: true, start: "attach", keepAlive: true } as const;
  expect(planGuestMain(image, request, box({ stopGraceMs: 0 }))).toMatchObject({
    ...request,
    command: ["/init", "x"],
    endGraceMs: 0,
  });
});

test("the box's configuration stands between the two, with the rights of its processes", () => {
  const config = box({
    entrypoint: ["/e"],
    command: ["c"],
    env: { A: "2" },
    user: "guest",
    workdir: "/tmp",
    stopSignal: "INT",
    ulimits: { nofile: 64 },
    capabilities: { drop: ["ALL"] },
  });
  expect(planGuestMain(image, {}, config)).toMatchObject({
    command: ["/e", "c"],
    env: { A: "2" },
    cwd: "/tmp",
    user: "guest",
    stopSignal: "SIGINT",
    rlimits: { nofile: { soft: 64, hard: 64 } },
    capabilities: { add: [], drop: ["ALL"] },
  });
  expect(planGuestMain(image, { user: "0", capabilities: {} }, config)).toMatchObject({ user: "0", capabilities: {} });
});

test("without a stop signal, SIGTERM asks the main process, and it alone", () => {
  expect(planGuestMain({ ...image, stopSignal: undefined }, {}, box({}))).toMatchObject({ stopSignal: "SIGTERM" });
});

test("an image without a command needs one", () => {
  const bare = { ...image, entrypoint: [], cmd: [] };
  expect(() => planGuestMain(bare, {}, box({}))).toThrow(expect.objectContaining({ code: "COMMAND_MISSING" }));
});
