import { spawn } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import { beforeEach, expect, test } from "vitest";
import { program } from "./command.ts";
import { emptyImage, homeForEach } from "./command-home.ts";
import { jsonOf } from "./json-output.ts";

const at = homeForEach();
const { a3sBox } = at;
let image: string;
beforeEach(async () => {
  image = await emptyImage(at);
});

test("one process hears of what others do to boxes, and goes on where it stopped", async () => {
  const args = ["--", program, "events", "--since", "1h", "--json"];
  const follower = spawn(process.execPath, args, { env: { ...process.env, A3S_HOME: at.home }, stdio: "pipe" });
  const closed = once(follower, "close");
  const lines = createInterface(follower.stdout)[Symbol.asyncIterator]();
  const next = async () => jsonOf("events", { code: 0, stderr: "", stdout: String((await lines.next()).value) });

  const id = (await a3sBox("create", "--name", "web", image, "--", "true")).stdout.trim();
  const created = await next();
  expect(created).toMatchObject({ event: "box.created", id, name: "web", image });
  await a3sBox("rename", "web", "shop");
  expect(await next()).toMatchObject({ event: "box.renamed", id, name: "shop" });
  await a3sBox("rm", "shop");
  const removed = await next();
  expect(removed).toMatchObject({ event: "box.removed", id, name: "shop" });
  follower.kill("SIGINT");
  expect(await closed).toEqual([130, null]);

  const past = ["events", "--until", "0s"];
  const { stdout } = await a3sBox(...past);
  expect(stdout.split("\n").map((line) => line.split(" ").slice(1, 4).join(" "))).toEqual([
    `box.created ${id} (name=web,`,
    `box.renamed ${id} (name=shop,`,
    `box.removed ${id} (name=shop,`,
    "",
  ]);
  const later = await a3sBox(...past, "--after", created.cursor, "--filter", "event=removed", "--json");
  expect(jsonOf("events", later)).toEqual(removed);
  expect(await a3sBox(...past, "--after", "x")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("[CURSOR_INVALID]"),
  });
});
