import { describe, expect, test } from "vitest";
import type { GuestChange } from "../../src/index.ts";
import type { Held } from "./agent-subject.ts";

/** Changes of files, as they are told. */
export function watchSuite(held: Held): void {
  const files = () => held.client.files;

  describe("watching", () => {
    /** Changes up to the one of that name. */
    async function until(watch: AsyncIterable<GuestChange>, last: string): Promise<string[]> {
      const seen: string[] = [];
      for await (const { type, name } of watch) {
        seen.push(`${type} ${name}`);
        if (name === last) return seen;
      }
      throw new Error(`It ended before ${last}: ${seen}`);
    }

    test("tells every change in a directory in order, from the moment that it resolves", async () => {
      const at = await held.directory();
      await files().writeFile(at("a"), "");
      await using watch = await files().watch(at());
      await files().appendFile(at("a"), "x");
      await files().chmod(at("a"), 0o600);
      await files().mkdir(at("d"));
      await files().mkdir(at("d", "deeper, is not told"));
      await files().rename(at("a"), at("b"));
      await files().rm(at("b"));
      await files().symlink("x", at("last"));
      expect(await until(watch, "last")).toEqual([
        "modified a",
        "attributes a",
        "created d",
        "moved-from a",
        "moved-to b",
        "removed b",
        "created last",
      ]);
    });

    test("of a file ends with the file; others by signal, by being left and by being disposed", async () => {
      const at = await held.directory();
      await files().writeFile(at("file"), "");
      await using watch = await files().watch(at("file"));
      await files().appendFile(at("file"), "x");
      await files().rm(at("file"));
      const seen = (await Array.fromAsync(watch)).map(({ type, name }) => type + name);
      expect(seen).toEqual(["modified", "attributes"]);
      const controller = new AbortController();
      const signalled = await files().watch(at(), { signal: controller.signal });
      const pending = signalled[Symbol.asyncIterator]().next();
      controller.abort("why");
      await expect(pending).rejects.toBe("why");
      const disposed = await files().watch(at());
      const waiting = disposed[Symbol.asyncIterator]().next();
      await disposed[Symbol.asyncDispose]();
      expect(await waiting).toMatchObject({ done: true });
      const left = await files().watch(at());
      await files().mkdir(at("a"));
      for await (const _ of left) break;
      expect(await left[Symbol.asyncIterator]().next()).toMatchObject({ done: true });
      await expect(files().watch(at("none"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    });
  });
}
