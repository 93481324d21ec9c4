import { expect, test } from "vitest";
import { DEFAULT_PATH, type ImageProcess, parseEnvironment, planEnvironment, planMainProcess } from "./command.ts";

const bare: ImageProcess = { entrypoint: [], cmd: [], env: [], workingDir: "", user: "" };

test.each([
  ["the image's command", { cmd: ["sh"] }, undefined, ["sh"]],
  ["the given command", { cmd: ["sh"] }, ["ls", "-l"], ["ls", "-l"]],
  ["the entrypoint and the image's command", { entrypoint: ["/init"], cmd: ["run"] }, undefined, ["/init", "run"]],
  ["the entrypoint and the given command", { entrypoint: ["/init"], cmd: ["run"] }, ["x"], ["/init", "x"]],
  ["the entrypoint alone", { entrypoint: ["/init"] }, undefined, ["/init"]],
  ["the image's command for an empty one", { cmd: ["sh"] }, [], ["sh"]],
])("the main process is %s", (_, image, command, argv) => {
  expect(planMainProcess({ ...bare, ...image }, { command }).argv).toEqual(argv);
});

test("an image without a command needs one", () => {
  expect(() => planMainProcess(bare, {})).toThrow(expect.objectContaining({ code: "COMMAND_MISSING" }));
});

test("the request wins over the image, the image over the defaults", () => {
  expect(planEnvironment(bare, {})).toEqual({ env: { PATH: DEFAULT_PATH }, cwd: "/", user: "" });
  const image = { ...bare, env: ["PATH=/bin", "A=1", "B=2"], workingDir: "/srv", user: "app" };
  expect(planEnvironment(image, {})).toEqual({ env: { PATH: "/bin", A: "1", B: "2" }, cwd: "/srv", user: "app" });
  expect(planEnvironment(image, { env: { A: "x" }, cwd: "/tmp", user: "0" })).toEqual({
    env: { PATH: "/bin", A: "x", B: "2" },
    cwd: "/tmp",
    user: "0",
  });
});

test("environment entries split at the first equals sign", () => {
  expect(parseEnvironment(["A=b=c", "EMPTY=", "BARE", "=x", "A=last"])).toEqual({ A: "last", EMPTY: "", BARE: "" });
});

test("an image cannot reach the prototype through an environment name", () => {
  expect(Object.getPrototypeOf(planEnvironment({ ...bare, env: ["__proto__=x"] }, {}).env)).toBe(Object.prototype);
});
