import { parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { planGuestMain } from "./main-process.ts";

const image = {
  entrypoint: ["/init"],
  cmd: ["run"],
  env: ["A=1", "B=2"],
  workingDir: "/srv",
  user: "app",
  stopSignal: "QUIT",
};
const config = (fields: object = {}) => parseBoxConfig({ image: "a", ...fields });

test("the image says what its process is", () => {
  expect(planGuestMain(image, config({ stopGraceMs: 5000 }), {})).toMatchObject({
    command: ["/init", "run"],
    env: { A: "1", B: "2" },
    cwd: "/srv",
    user: "app",
    stopSignal: "SIGQUIT",
    endGraceMs: 5000,
  });
});

test("the configuration says what is different, and the request over it", () => {
  const configured = config({
    entrypoint: ["/other"],
    env: { A: "x" },
    user: "0",
    workdir: "/",
    stopSignal: 9,
    ulimits: { nofile: 64, core: -1 },
    capabilities: { drop: ["ALL"] },
  });
  expect(planGuestMain(image, configured, {})).toMatchObject({
    command: ["/other"],
    env: { A: "x", B: "2" },
    cwd: "/",
    user: "0",
    stopSignal: 9,
    rlimits: {
      nofile: { soft: 64, hard: 64 },
      core: { soft: Number.POSITIVE_INFINITY, hard: Number.POSITIVE_INFINITY },
    },
    capabilities: { add: [], drop: ["ALL"] },
  });
  const request = { user: "u", stopSignal: "SIGINT", tty: true, start: "attach", keepAlive: true } as const;
  expect(planGuestMain(image, configured, { ...request, command: ["x"], env: { A: "y" } })).toMatchObject({
    ...request,
    command: ["/other", "x"],
    env: { A: "y", B: "2" },
  });
});

test("an image without a command needs one", () => {
  const bare = { ...image, entrypoint: [], cmd: [] };
  expect(() => planGuestMain(bare, config(), {})).toThrow(expect.objectContaining({ code: "COMMAND_MISSING" }));
  expect(planGuestMain(bare, config({ command: ["sh"] }), {}).command).toEqual(["sh"]);
});
