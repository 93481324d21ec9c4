import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { boxSetting } from "./box-setting.ts";

const built = fileURLToPath(new URL("../dist/index.js", import.meta.url));

const script = `
  import { createRuntime } from ${JSON.stringify(built)};
  const [home, image] = process.argv.slice(1);
  const { boxes } = createRuntime({ home });
  console.log(await boxes.create({ image }, { name: "web" }).then(({ id }) => id, ({ code }) => code));
`;

test("of processes that want one name at the same time, one gets it", async () => {
  const { home, image, runtime } = await boxSetting();
  const args = ["--input-type=module", "-e", script, "--", home, image];
  const racing = Array.from({ length: 4 }, () => promisify(execFile)(process.execPath, args));
  const said = (await Promise.all(racing)).map(({ stdout }) => stdout.trim());
  const listed = await runtime.boxes.list();
  expect(listed.length).toBe(1);
  expect(said.toSorted()).toEqual([listed[0]?.id, "BOX_NAME_TAKEN", "BOX_NAME_TAKEN", "BOX_NAME_TAKEN"].toSorted());
});
