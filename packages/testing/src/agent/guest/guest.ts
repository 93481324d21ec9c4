import { Errno } from "../files/errno.ts";
import { FileTree } from "../files/file-tree.ts";
import { type Node, newSpecial } from "../files/node.ts";
import { findOwner } from "./accounts.ts";
import { GuestProcess, type ProcessStart } from "./guest-process.ts";
import type { Program } from "./program.ts";
import { PROGRAMS } from "./programs.ts";
import { shell } from "./shell.ts";

/** What is in the double's guest. */
export interface GuestOptions {
  /** Programs beside those that it has, by the name that they get in /usr/local/bin. */
  readonly programs?: Readonly<Record<string, Program>> | undefined;
  /** Regular files by their paths; directories above them are made. */
  readonly files?: Readonly<Record<string, string | Uint8Array>> | undefined;
}

/** Why a process was not started, in the words of ExecFailed. */
export class StartFailure extends Error {
  readonly reason: "NOT_FOUND" | "NOT_EXECUTABLE" | "BAD_USER" | "BAD_CWD" | "INVALID";

  constructor(reason: StartFailure["reason"], message: string) {
    super(message);
    this.reason = reason;
  }
}

/** As much of a process's start as its caller says. */
export type ProcessRequest = Omit<ProcessStart, "id" | "uid" | "gid">;

const ACCOUNTS = "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n";
const GROUPS = "root:x:0:\nnobody:x:65534:\n";
/** What execve(2) takes for one argument, in bytes. */
const MAX_ARGUMENT_BYTES = 128 * 1024;
/** Processes that have ended and are remembered. */
const MAX_ENDED = 256;
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The double's guest: files and processes, all in memory. Disposing it ends its processes. */
export class Guest implements Disposable {
  readonly files = new FileTree();
  /** By their IDs, oldest first. */
  readonly processes = new Map<number, GuestProcess>();
  readonly #programs = new Map<Node, Program>();
  #lastId = 0;

  constructor({ programs = {}, files = {} }: GuestOptions) {
    for (const path of ["/bin", "/dev", "/etc", "/root", "/tmp", "/usr/local/bin"]) this.#directory(path);
    this.files.symlink("../bin", "/usr/bin");
    for (const name of ["zero", "null"]) this.files.put(`/dev/${name}`, newSpecial("character-device"));
    for (const [name, program] of Object.entries(PROGRAMS)) this.#install(`/bin/${name}`, program);
    for (const [name, program] of Object.entries(programs)) this.#install(`/usr/local/bin/${name}`, program);
    for (const [path, content] of Object.entries({ "/etc/passwd": ACCOUNTS, "/etc/group": GROUPS, ...files })) {
      const bytes = Buffer.from(path).toString("latin1");
      this.#directory(bytes.slice(0, bytes.lastIndexOf("/")) || "/");
      this.files.write(bytes, typeof content === "string" ? Buffer.from(content) : content);
    }
  }

  /** @throws {@link StartFailure} */
  start(request: ProcessRequest): GuestProcess {
    const { argv, env } = request;
    if (argv.length === 0 || argv[0] === "") throw new StartFailure("INVALID", "the command is empty");
    if ([...argv, ...Object.values(env)].some((text) => Buffer.byteLength(text) >= MAX_ARGUMENT_BYTES)) {
      throw new StartFailure("INVALID", "an argument or a variable is too long");
    }
    const owner = findOwner(this.files, request.user);
    if (owner === undefined) throw new StartFailure("BAD_USER", `there is no user ${request.user}`);
    const cwd = this.#enter(request.cwd || "/");
    const program = this.#find(argv[0] as string, env);
    const find = ([name = ""]: readonly string[]) => {
      try {
        return this.#find(name, env);
      } catch (error) {
        if (error instanceof StartFailure) return undefined;
        throw error;
      }
    };
    const id = ++this.#lastId;
    const process = new GuestProcess({ ...request, ...owner, cwd, id }, program, find, this.files);
    this.processes.set(id, process);
    void process.ended.then(() => this.#forget());
    return process;
  }

  [Symbol.dispose](): void {
    for (const process of this.processes.values()) void process.kill(0);
  }

  #directory(path: string): void {
    this.files.makeDirectory(path, { recursive: true });
  }

  #install(path: string, program: Program): void {
    this.files.write(path, Buffer.from("a program of the agent's double\n"), { manner: "exclusive", mode: 0o755 });
    this.#programs.set(this.files.stat(path), program);
  }

  #enter(cwd: string): string {
    const path = Buffer.from(cwd).toString("latin1");
    try {
      this.files.makeDirectory(path, { recursive: true });
    } catch (error) {
      if (error instanceof Errno) throw new StartFailure("BAD_CWD", error.message);
      throw error;
    }
    return cwd;
  }

  /** As execvp(3): the first file of that name that can be executed, else the first reason why not. */
  #find(name: string, env: Readonly<Record<string, string>>): Program {
    const directories = name.includes("/") ? [""] : (env["PATH"] ?? DEFAULT_PATH).split(":");
    let isThere = false;
    for (const directory of directories) {
      const path = Buffer.from(directory === "" ? name : `${directory}/${name}`).toString("latin1");
      const node = this.#lookUp(path);
      const program = node && this.#programOf(node);
      if (program !== undefined) return program;
      // As execve(2): without the interpreter of its first line, a script is as good as not there.
      isThere ||= node !== undefined && !this.#lacksInterpreter(node);
    }
    throw isThere
      ? new StartFailure("NOT_EXECUTABLE", `${name} cannot be executed`)
      : new StartFailure("NOT_FOUND", `${name} is not there`);
  }

  #programOf(node: Node): Program | undefined {
    if (node.type !== "file" || (node.mode & 0o111) === 0) return undefined;
    const isScript = Buffer.from(node.content).toString("latin1").startsWith("#!/bin/sh\n");
    if (!isScript) return this.#programs.get(node);
    const script = Buffer.from(node.content).toString().slice("#!/bin/sh\n".length);
    return (run) => shell({ ...run, argv: ["/bin/sh", "-c", script] });
  }

  #lacksInterpreter(node: Node): boolean {
    if (node.type !== "file" || (node.mode & 0o111) === 0) return false;
    const [, interpreter] = /^#! *(\S+)/.exec(Buffer.from(node.content.subarray(0, 256)).toString("latin1")) ?? [];
    return interpreter !== undefined && this.#lookUp(interpreter) === undefined;
  }

  #lookUp(path: string): Node | undefined {
    try {
      return this.files.stat(path);
    } catch (error) {
      if (error instanceof Errno) return undefined;
      throw error;
    }
  }

  #forget(): void {
    const ended = [...this.processes.values()].filter((process) => process.isOver);
    for (const process of ended.slice(0, -MAX_ENDED)) this.processes.delete(process.start.id);
  }
}
