import { type BoxConfigInput, parseBoxConfig } from "@a3s/core";
import { expect, test } from "vitest";
import { boxProcess, processRights } from "./box-process.ts";
import { planEnvironment, planMainProcess } from "./command.ts";

const image = {
  entrypoint: ["/init"],
  cmd: ["serve"],
  env: ["PATH=/bin", "A=1"],
  workingDir: "/srv",
  user: "app",
  stopSignal: "SIGQUIT",
};
const box = (config: Omit<BoxConfigInput, "image">) => parseBoxConfig({ image: "a", ...config });

test.each<[what: string, config: Omit<BoxConfigInput, "image">, command: string[] | undefined, argv: string[]]>([
  ["nothing leaves the image's", {}, undefined, ["/init", "serve"]],
  ["a command follows the image's entrypoint", { command: ["x"] }, undefined, ["/init", "x"]],
  ["an entrypoint clears the image's command", { entrypoint: ["/e"] }, undefined, ["/e"]],
  ["an entrypoint is followed by the box's command", { entrypoint: ["/e"], command: ["x"] }, undefined, ["/e", "x"]],
  ["no entrypoint leaves the box's command alone", { entrypoint: [], command: ["x"] }, undefined, ["x"]],
  ["the call's command is in place of the box's", { command: ["x"] }, ["y"], ["/init", "y"]],
  ["an empty command is none", { command: [] }, undefined, ["/init", "serve"]],
])("%s", (_, config, command, argv) => {
  expect(planMainProcess(boxProcess(image, box(config)), { command }).argv).toEqual(argv);
});

test("a box without entrypoint and command has nothing to run", () => {
  expect(() => planMainProcess(boxProcess(image, box({ entrypoint: [] })), {})).toThrow(
    expect.objectContaining({ code: "COMMAND_MISSING" }),
  );
});

test("the call wins over the box, the box over the image", () => {
  const process = boxProcess(image, box({ env: { A: "2", B: "x=y" }, workdir: "/box", user: "0:0", stopSignal: 3 }));
  expect(planEnvironment(process, { env: { B: "call" } })).toEqual({
    env: { PATH: "/bin", A: "2", B: "call" },
    cwd: "/box",
    user: "0:0",
  });
  expect(process.stopSignal).toBe("3");
  expect(boxProcess(image, box({}))).toEqual(image);
});

test("a process has the limits and rights of its box, unless its call says otherwise", () => {
  const config = box({
    ulimits: { nofile: 64, core: { soft: 0, hard: -1 } },
    capabilities: { drop: ["NET_RAW"] },
    seccomp: "unconfined",
  });
  const none = Number.POSITIVE_INFINITY;
  expect(processRights(config, {})).toEqual({
    rlimits: { nofile: { soft: 64, hard: 64 }, core: { soft: 0, hard: none } },
    capabilities: { add: [], drop: ["NET_RAW"] },
    newPrivileges: false,
    seccomp: "unconfined",
  });
  const call = { capabilities: { add: ["SYS_ADMIN"] }, newPrivileges: true, seccomp: "default" } as const;
  expect(processRights(config, { rlimits: { nofile: 128 }, ...call })).toEqual({
    rlimits: { nofile: 128, core: { soft: 0, hard: none } },
    ...call,
  });
});
