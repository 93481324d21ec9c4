import { once } from "node:events";
import { watch } from "node:fs";
import { readFile } from "node:fs/promises";
import { waitForExit } from "@a3s/testing";
import { expect, test } from "vitest";
import { helperEnvironment } from "../../test/credential-helpers.ts";
import { scratch } from "../../test/scratch.ts";
import { askCredentialHelper, type HelperCall } from "./credential-helper.ts";

async function withHelper(
  script: string,
  use: (
    ask: (call?: Partial<HelperCall>) => ReturnType<typeof askCredentialHelper>,
    directory: string,
  ) => Promise<void>,
): Promise<void> {
  await using files = await scratch();
  const { environment, install } = await helperEnvironment(files);
  await install("test", script);
  const { signal } = new AbortController();
  const server = "ghcr.io";
  await use((call) => askCredentialHelper({ name: "test", server, environment, signal, ...call }), files.directory);
}

test.each([
  ["a user", `echo '{"ServerURL":"x","Username":"u","Secret":"s"}'`, { username: "u", password: "s" }],
  ["a refresh token", `echo '{"Username":"<token>","Secret":"s"}'`, { identityToken: "s" }],
  ["nobody", `echo '{"Username":"","Secret":""}'`, undefined],
  ["that it has none", `echo "credentials not found in native keychain"; exit 1`, undefined],
  ["that it has none on stderr", `echo "Credentials not found" >&2; exit 1`, undefined],
  [
    "for the server that it is asked for",
    `echo "{\\"Username\\":\\"$server\\",\\"Secret\\":\\"s\\"}"`,
    { username: "ghcr.io", password: "s" },
  ],
])("answers %s", (_what, script, expected) =>
  withHelper(script, async (ask) => {
    expect(await ask()).toEqual(expected);
  }),
);

test.each([
  ["fails with 3: it is locked", `printf 'it is\\033locked\\nsecret' >&2; exit 3`, "failed with 3: it is locked"],
  ["says nothing", "exit 1", "failed with 1"],
  ["kills itself", "kill -KILL $$", "failed with SIGKILL"],
  ["answers no JSON", "echo Username=s3cret", "answers something that is not JSON"],
  ["answers half", `echo '{"Username":"s3cret"}'`, "answers without a Username and a Secret"],
  ["answers without end", "yes s3cret", "answers more than 65536 bytes"],
])("CREDENTIALS_UNAVAILABLE: it %s", (_what, script, fault) =>
  withHelper(script, async (ask) => {
    await expect(ask()).rejects.toMatchObject({
      code: "CREDENTIALS_UNAVAILABLE",
      message: `The credential helper docker-credential-test ${fault}`,
      details: { helper: "test", server: "ghcr.io" },
    });
  }),
);

test.each([
  ["absent", "is not installed"],
  ["../bin/evil", "has a name that no program can have"],
  ["", "has a name that no program can have"],
])("CREDENTIALS_UNAVAILABLE: the helper %j", (name, fault) =>
  withHelper("exit 0", async (ask) => {
    const message = `The credential helper docker-credential-${name} ${fault}`;
    await expect(ask({ name })).rejects.toMatchObject({ code: "CREDENTIALS_UNAVAILABLE", message });
  }),
);

const HANG = "sleep 600 & echo $! > child.tmp; mv child.tmp child; wait";

test("one that does not answer in time is killed with what it started", () =>
  withHelper(`cd "$HOME"; ${HANG}`, async (ask, directory) => {
    const message = "The credential helper docker-credential-test did not answer within 500 ms";
    await expect(ask({ deadlineMs: 500 })).rejects.toMatchObject({ code: "CREDENTIALS_UNAVAILABLE", message });
    await waitForExit(Number(await readFile(`${directory}/home/child`, "utf8")), 5000);
  }));

test("an abort ends it with its reason", () =>
  withHelper(`cd "$HOME"; ${HANG}`, async (ask, directory) => {
    const controller = new AbortController();
    const reason = new Error("enough");
    const watcher = watch(`${directory}/home`);
    const asking = ask({ signal: controller.signal });
    const child = async (): Promise<number> => {
      const text = await readFile(`${directory}/home/child`, "utf8").catch(() => undefined);
      if (text !== undefined) return Number(text);
      await once(watcher, "change");
      return child();
    };
    const pid = await child();
    watcher.close();
    controller.abort(reason);
    await expect(asking).rejects.toBe(reason);
    await waitForExit(pid, 5000);
  }));
