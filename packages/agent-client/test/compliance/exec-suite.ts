import { createHash, randomBytes } from "node:crypto";
import { text } from "node:stream/consumers";
import { describe, expect, test } from "vitest";
import { AgentError, type ExecEvent } from "../../src/index.ts";
import type { Held } from "./agent-subject.ts";

const sh = (script: string) => ["sh", "-c", script];
const MIB = 1024 * 1024;

/** How commands are started, fed and heard. */
export function execSuite(held: Held): void {
  describe("exec", () => {
    test("a process is awaited for exit code, output and duration", async () => {
      const result = await held.client.exec(sh("echo out; echo err >&2; exit 7"));
      expect(result).toMatchObject({ exitCode: 7, signal: null, truncated: false, timedOut: false, ok: false });
      expect([result.text(), result.text("stderr")]).toEqual(["out\n", "err\n"]);
      expect(result.durationMs).toBeGreaterThan(0);
    });

    test.each([0, 1, 126, 127, 128, 137, 255])("the exit code %i is data", async (code) => {
      expect(await held.client.exec(sh(`exit ${code}`))).toMatchObject({ exitCode: code, signal: null });
    });

    test("a process is iterated: started, output in order, exit", async () => {
      const events: ExecEvent[] = [];
      for await (const event of held.client.exec(sh("printf one; printf two"))) events.push(event);
      expect(events[0]).toEqual({ type: "started", pid: expect.any(Number), id: expect.any(Number) });
      expect(events.at(-1)).toMatchObject({ type: "exit", exitCode: 0, signal: null });
      const output = events.filter((event) => event.type === "stdout").map((event) => event.data);
      expect(Buffer.concat(output).toString()).toBe("onetwo");
    });

    test("arguments arrive as they were given: empty, with spaces, beyond ASCII", async () => {
      expect((await held.client.exec(["echo", "", "a  b", "$HOME", "grüße", "'"])).text()).toBe(
        " a  b $HOME grüße '\n",
      );
    });

    test("a string is run by the shell", async () => {
      expect((await held.client.exec("echo 'a  b'; echo $?")).text()).toBe("a  b\n0\n");
    });

    test("the environment is exactly the one given", async () => {
      const { stdout } = await held.client.exec(["env"], { env: { ONLY: "this one=1\n2" } });
      expect(Buffer.from(stdout).toString()).toBe("ONLY=this one=1\n2\n");
    });

    test("cwd is where the command runs, and is made when it is missing", async () => {
      expect((await held.client.exec(["pwd"], { cwd: "/usr" })).text()).toBe("/usr\n");
      const cwd = held.at("made", "for", "it");
      expect((await held.client.exec(["pwd"], { cwd })).text()).toBe(`${cwd}\n`);
      expect((await held.client.files.stat(cwd)).isDirectory()).toBe(true);
    });

    test("user is who the command runs as, by number or name", async () => {
      const ids = async (user?: string) => (await held.client.exec("id -u; id -g", { user })).text();
      expect(await ids("1234:567")).toBe("1234\n567\n");
      const [, name = "", uid, gid] =
        /^([^:\n]+):[^:]*:([1-9]\d*):(\d+):/m.exec(
          await held.client.files.readFile("/etc/passwd", { encoding: "utf8" }),
        ) ?? [];
      expect(await ids(name)).toBe(`${uid}\n${gid}\n`);
    });

    test("a command that does not exist is 127, by name and by path", async () => {
      for (const argv of [["no-such-command"], ["/no/such/command"]]) {
        await expect(held.client.exec(argv)).rejects.toMatchObject({
          code: "COMMAND_NOT_FOUND",
          details: { exitCode: 127 },
          message: expect.stringContaining(JSON.stringify(argv[0])),
        });
      }
      await expect(held.client.exec(["no-such-command"]).started).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
      const iterate = async () => {
        for await (const _event of held.client.exec(["no-such-command"]));
      };
      await expect(iterate()).rejects.toMatchObject({ code: "COMMAND_NOT_FOUND" });
    });

    test("a file that is not executable is 126, and runs when it is", async () => {
      await held.client.files.writeFile(held.at("script"), "#!/bin/sh\necho ran\n", { mode: 0o644 });
      await expect(held.client.exec([held.at("script")])).rejects.toMatchObject({
        code: "COMMAND_NOT_EXECUTABLE",
        details: { exitCode: 126 },
      });
      await held.client.files.chmod(held.at("script"), 0o755);
      expect((await held.client.exec([held.at("script")])).text()).toBe("ran\n");
    });

    test("a script whose interpreter is missing is 127, and what is neither script nor program 126", async () => {
      const write = (content: string) => held.client.files.writeFile(held.at("odd"), content, { mode: 0o755 });
      await write("#!/no/such/interpreter\n");
      await expect(held.client.exec([held.at("odd")])).rejects.toMatchObject({
        code: "COMMAND_NOT_FOUND",
        details: { exitCode: 127 },
        hint: expect.stringContaining("interpreter"),
      });
      await write("nothing that runs\n");
      await expect(held.client.exec([held.at("odd")])).rejects.toMatchObject({
        code: "COMMAND_NOT_EXECUTABLE",
        details: { exitCode: 126 },
      });
    });

    test("an unknown user and a directory that is a file are named", async () => {
      await expect(held.client.exec(["true"], { user: "nobody-of-that-name" })).rejects.toMatchObject({
        code: "EXEC_USER_INVALID",
        message: expect.stringContaining("nobody-of-that-name"),
      });
      await expect(held.client.exec(["true"], { cwd: "/etc/passwd" })).rejects.toMatchObject({
        code: "EXEC_CWD_INVALID",
      });
    });

    test("arguments larger than a kernel takes are a typed error", async () => {
      const rejected = expect(held.client.exec(["echo", "x".repeat(200_000)])).rejects;
      await rejected.toBeInstanceOf(AgentError);
      await rejected.toMatchObject({ code: expect.stringMatching(/^EXEC_(INVALID|RESOURCES_EXHAUSTED)$/) });
    });

    test("an environment of 1 MiB arrives whole", async () => {
      const env = Object.fromEntries(
        Array.from({ length: 16 }, (_, index) => [`V${index}`, `${index % 10}`.repeat(64 * 1024)]),
      );
      const { stdout } = await held.client.exec(["env"], { env, maxBufferBytes: 2 * MIB });
      const lines = Object.entries(env).map(([name, value]) => `${name}=${value}\n`);
      expect(Buffer.from(stdout).equals(Buffer.from(lines.join("")))).toBe(true);
    });

    test("what a shell does not know is said, not passed over", async () => {
      const piped = await held.client.exec("echo a | cat");
      if (held.traits.hasWholeShell) expect(piped).toMatchObject({ exitCode: 0 });
      else expect(piped.text("stderr")).toContain("knows no such shell syntax");
    });
  });

  describe("stdin and output", () => {
    test.each([
      ["64 KiB and one byte", 64 * 1024 + 1],
      ["4 MiB", 4 * MIB],
    ])("%s of arbitrary bytes go in and come back", async (_name, length) => {
      const bytes = randomBytes(length);
      const result = await held.client.exec(["cat"], { stdin: bytes });
      expect(result.truncated).toBe(false);
      expect(Buffer.compare(result.stdout, bytes)).toBe(0);
    });

    test("stdin may be a string or a stream, and ends when that ends", async () => {
      expect((await held.client.exec(["cat"], { stdin: "grüße\n" })).text()).toBe("grüße\n");
      const { stdout } = await held.client.exec(["cat"], { stdin: new Blob(["a".repeat(200_000)]).stream() });
      expect(createHash("sha256").update(stdout).digest("hex")).toBe(
        createHash("sha256").update("a".repeat(200_000)).digest("hex"),
      );
    });

    test("without stdin, and with an empty one, a command reads an end at once", async () => {
      expect((await held.client.exec(["cat"])).stdout).toHaveLength(0);
      expect((await held.client.exec(["cat"], { stdin: "" })).stdout).toHaveLength(0);
    });

    test("stdin is written while the command runs", async () => {
      const process = held.client.exec(["cat"], { stdin: true });
      const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
      const writer = process.stdin?.getWriter();
      for (const word of ["grüße", "two"]) {
        await writer?.write(word);
        expect((await reader.read()).value).toBe(word);
      }
      await writer?.close();
      expect(await reader.read()).toMatchObject({ done: true });
      expect(await process).toMatchObject({ exitCode: 0 });
    });

    test("a command that does not read its stdin ends all the same, and the source is released", async () => {
      const { promise: released, resolve } = Promise.withResolvers<void>();
      async function* endless() {
        try {
          for (;;) yield new Uint8Array(64 * 1024);
        } finally {
          resolve();
        }
      }
      expect((await held.client.exec(sh("exit 5"), { stdin: endless() })).exitCode).toBe(5);
      await released;
    });

    test("a command that does not read holds back the source of its stdin", async () => {
      let given = 0;
      async function* source() {
        for (;;) {
          given += 32 * 1024;
          yield new Uint8Array(32 * 1024);
        }
      }
      await using _stalled = held.client.exec(["sleep", "1000"], { stdin: source() });
      // The time in which another exec moves that much is enough for a source to run away.
      await held.client.exec(["head", "-c", `${16 * MIB}`, "/dev/zero"]);
      // A socket of a guest holds 8 MiB.
      expect(given).toBeLessThan(12 * MIB);
    });

    test("a stream that nobody reads holds the command back; cancelling it lets go of the rest", async () => {
      const process = held.client.exec("head -c 4000000 /dev/zero; exit 6");
      const { stdout } = process;
      const { id } = await process.started;
      await held.client.exec("head -c 4000000 /dev/zero");
      expect(await held.client.processes.list()).toContainEqual(expect.objectContaining({ id }));
      await stdout.cancel();
      expect(await process).toMatchObject({ exitCode: 6 });
    });

    test("stdout and stderr are streams, and what is not taken is in the result", async () => {
      const process = held.client.exec("echo out; echo err >&2; exit 3");
      expect(await Promise.all([text(process.stdout), text(process.stderr)])).toEqual(["out\n", "err\n"]);
      expect(await process).toMatchObject({ exitCode: 3, stdout: new Uint8Array(0), stderr: new Uint8Array(0) });
      const other = held.client.exec("head -c 1000000 /dev/zero >&2; head -c 1000000 /dev/zero");
      expect(await text(other.stdout)).toHaveLength(1_000_000);
      expect((await other).stderr).toHaveLength(1_000_000);
    });

    test("bytes that are not UTF-8 arrive as they are", async () => {
      const { stdout } = await held.client.exec(sh(String.raw`printf '\377\000\376x'`));
      expect([...stdout]).toEqual([0xff, 0, 0xfe, 0x78]);
    });

    test("what goes beyond maxBufferBytes is dropped and told; the command ends normally", async () => {
      const result = await held.client.exec(sh("head -c 1000000 /dev/zero; printf ok >&2; exit 6"), {
        maxBufferBytes: 1000,
      });
      expect(result).toMatchObject({ exitCode: 6, truncated: true });
      expect(result.stdout).toHaveLength(1000);
      expect(result.text("stderr")).toBe("ok");
    });

    test("many commands at once, more than a connection has streams, mix no byte", async () => {
      const one = async (index: number) => {
        const stdin = String(index % 10).repeat(5000);
        const result = await held.client.exec(sh(`head -c 5000; exit ${index % 256}`), { stdin });
        expect(result.exitCode).toBe(index % 256);
        expect(result.text()).toBe(stdin);
      };
      await Promise.all(Array.from({ length: 150 }, (_, index) => one(index)));
    });
  });
}
