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

test("the image says what its process is, the request what is different", () => {
  expect(planGuestMain(image, {}, 5000)).toMatchObject({
    command: ["/init", "run"],
    env: { A: "1" },
    cwd: "/srv",
    user: "app",
    stopSignal: "SIGQUIT",
    endGraceMs: 5000,
  });
  const request = { command: ["x"], user: "0", stopSignal: 9, tty: true, start: "attach", keepAlive: true } as const;
  expect(planGuestMain(image, request, 0)).toMatchObject({ ...request, command: ["/init", "x"], endGraceMs: 0 });
});

test("an image without a command needs one", () => {
  const bare = { ...image, entrypoint: [], cmd: [] };
  expect(() => planGuestMain(bare, {}, 0)).toThrow(expect.objectContaining({ code: "COMMAND_MISSING" }));
});
