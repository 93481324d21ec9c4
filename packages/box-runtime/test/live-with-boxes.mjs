// Does things with boxes, one after the other, and says each before and after it, until it is killed.
import { createRuntime } from "@a3s/box-runtime";

const { home, config, steps, name } = JSON.parse(process.argv[2]);
const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const runtime = createRuntime({ home });
runtime.events.on("box.stage", ({ stage }) => say({ at: stage }));

let box;
const actions = {
  create: async () => {
    box = await runtime.boxes.create(config, { name });
  },
  get: async () => {
    box = await runtime.boxes.get(name);
  },
  rename: () => box.rename(`${name}-again`),
  start: () => box.start(),
  exec: async () => void (await box.exec(["true"]).orThrow()),
  copy: () => box.copyIn(process.argv[1], "/copy"),
  stop: () => box.stop(),
  kill: () => box.kill(),
  remove: () => box.remove({ force: true, volumes: true }),
  open: () => runtime.open(),
  supervise: async () => await (await runtime.supervise())[Symbol.asyncDispose](),
};
say({ at: "ready" });
for (const step of steps) {
  say({ at: step });
  await actions[step]();
  say({ at: `${step} done`, id: box?.id, exitCode: box?.exit?.exitCode });
}
await box?.[Symbol.asyncDispose]();
