import { randomBytes } from "node:crypto";
import { Readable } from "node:stream";
import type { MessageInitShape } from "@bufbuild/protobuf";
import { Code, createClient } from "@connectrpc/connect";
import { describe, expect, test } from "vitest";
import { FileService, type WriteRequestSchema } from "../../src/gen/a3s/agent/v1/files_pb.ts";
import { ContentConnection } from "../../src/socket/content-connection.ts";
import { unixGrpc } from "../unix-grpc.ts";
import type { Held } from "./agent-subject.ts";

const MIB = 1024 * 1024;

type Said = NonNullable<MessageInitShape<typeof WriteRequestSchema>["message"]>;
const data = (text: string): Said => ({ case: "data", value: Buffer.from(text) });
const finish: Said = { case: "finish", value: {} };

/** What files hold, by nothing but the client. */
export function filesSuite(held: Held): void {
  const files = () => held.client.files;
  const read = (path: string) => files().readFile(path, { encoding: "utf8" });

  describe("content of files", () => {
    test("comes back as it was written, whatever its size", async () => {
      const at = await held.directory();
      for (const size of [0, 1, 65_535, 65_536, 65_537, 3 * MIB + 7]) {
        const content = randomBytes(size);
        await files().writeFile(at("file"), content);
        expect(Buffer.from(await files().readFile(at("file"))).equals(content)).toBe(true);
      }
    });

    test("is text in UTF-8, and can be read in part", async () => {
      const at = await held.directory();
      await files().writeFile(at("text"), "häßlich\n");
      expect(await read(at("text"))).toBe("häßlich\n");
      const part = async (options: object) => {
        const chunks = await Array.fromAsync(files().createReadStream(at("text"), options));
        return Buffer.concat(chunks).toString();
      };
      expect(await part({ start: 3, end: 4 })).toBe("ß");
      expect(await part({ start: 5 })).toBe("lich\n");
      expect(await part({ start: 100 })).toBe("");
    });

    test("is replaced at once and with its mode, written in place, appended to, or refused", async () => {
      const at = await held.directory();
      await files().writeFile(at("log"), "old", { mode: 0o640 });
      const { promise: half, resolve: wroteHalf } = Promise.withResolvers<void>();
      const { promise: go, resolve: goOn } = Promise.withResolvers<void>();
      async function* source() {
        yield "ne";
        wroteHalf();
        await go;
        yield "w";
      }
      const before = await files().stat(at("log"));
      const written = files().writeFile(at("log"), source());
      await half;
      expect(await read(at("log"))).toBe("old");
      goOn();
      await written;
      const after = await files().stat(at("log"));
      expect([await read(at("log")), after.mode, after.ino === before.ino]).toEqual(["new", 0o640, false]);
      await files().writeFile(at("log"), "two\n", { inPlace: true });
      await files().appendFile(at("log"), "three\n");
      expect([await read(at("log")), (await files().stat(at("log"))).ino]).toEqual(["two\nthree\n", after.ino]);
      const exclusive = files().writeFile(at("log"), "x", { flag: "wx" });
      await expect(exclusive).rejects.toMatchObject({ code: "FILE_EXISTS", details: { errno: "EEXIST" } });
    });

    test("stays as it was when its source fails", async () => {
      const at = await held.directory();
      await files().writeFile(at("kept"), "old");
      async function* broken() {
        yield randomBytes(MIB);
        throw new Error("disk gone");
      }
      await expect(files().writeFile(at("kept"), broken())).rejects.toMatchObject({
        code: "FILE_SOURCE_FAILED",
        cause: expect.objectContaining({ message: "disk gone" }),
      });
      expect(await read(at("kept"))).toBe("old");
    });

    test("is refused beside its connection and behind a second start, and nothing is written", async () => {
      const at = await held.directory();
      using grpc = unixGrpc(held.client.socketPath);
      const start = { case: "start", value: { path: Buffer.from(at("file")) } } as const;
      const write = (...said: Said[]) => {
        const requests = [start, ...said, finish].map((message) => ({ message }));
        return createClient(FileService, grpc.transport).write(Readable.from(requests));
      };
      const refused = { code: Code.InvalidArgument };
      await expect(write(start)).rejects.toMatchObject(refused);
      for (const beside of [data("more"), { case: "dataConnection", value: { token: randomBytes(16) } }] as const) {
        using connection = new ContentConnection(held.client.socketPath, () => {});
        const call = write({ case: "dataConnection", value: { token: connection.token } }, beside);
        await connection.send(Buffer.from("all"));
        await connection.end();
        await expect(call).rejects.toMatchObject(refused);
      }
      await expect(files().stat(at("file"))).rejects.toMatchObject({ code: "FILE_NOT_FOUND" });
    });

    test("is written through a symbolic link", async () => {
      const at = await held.directory();
      await files().mkdir(at("real"));
      await files().writeFile(at("real", "file"), "old");
      await files().symlink("real/file", at("link"));
      await files().symlink("real/new", at("dangling"));
      await files().writeFile(at("link"), "new");
      await files().writeFile(at("dangling"), "made");
      expect((await files().lstat(at("link"))).isSymbolicLink()).toBe(true);
      expect((await read(at("real", "file"))) + (await read(at("real", "new")))).toBe("newmade");
    });

    test("is what commands see, and commands' is what it is", async () => {
      const at = await held.directory();
      await files().writeFile(at("file"), "from the caller\n");
      expect((await held.client.exec(["cat", at("file")])).text()).toBe("from the caller\n");
    });

    test("belongs to the user who writes it, and is kept from others where permissions are enforced", async () => {
      const at = await held.directory();
      await files().chmod(at(), 0o777);
      await files().chmod(held.at(), 0o755);
      await files().writeFile(at("own"), "x", { user: "1234:567" });
      expect(await files().stat(at("own"))).toMatchObject({ uid: 1234, gid: 567 });
      await files().writeFile(at("secret"), "x", { mode: 0o600 });
      const spied = files().readFile(at("secret"), { user: "1234:567" });
      if (held.traits.enforcesPermissions) await expect(spied).rejects.toMatchObject({ code: "FILE_ACCESS_DENIED" });
      else expect(await spied).toHaveLength(1);
    });
  });
}
