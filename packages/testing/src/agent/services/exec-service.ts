import type { MessageInitShape } from "@bufbuild/protobuf";
import { type Duration, timestampFromDate } from "@bufbuild/protobuf/wkt";
import { Code, ConnectError, type ServiceImpl } from "@connectrpc/connect";
import {
  type AgentService,
  type ExecRequest,
  type ExecResponseSchema,
  type ExecStart,
  ExecFailed_Reason as Reason,
} from "../../gen/a3s/agent/v1/agent_pb.ts";
import type { ProcessService } from "../../gen/a3s/agent/v1/process_pb.ts";
import type { ContentConnections } from "../content-connections.ts";
import { type ContentWords, contentMessages } from "../content-way.ts";
import { type Guest, type ProcessRequest, StartFailure } from "../guest/guest.ts";
import type { GuestProcess } from "../guest/guest-process.ts";

type Response = MessageInitShape<typeof ExecResponseSchema>;

/** Largest piece of output in a message, in bytes; that of the protocol. */
const MAX_PIECE_BYTES = 28 * 1024;

const WORDS: ContentWords<Response> = {
  content: (value) => ({ message: { case: "stdout", value } }),
  connection: (token) => ({ message: { case: "stdoutConnection", value: { token } } }),
};

/** `Exec` of a guest in memory. */
export function execService(
  guest: Guest,
  contents: ContentConnections,
): Pick<ServiceImpl<typeof AgentService | typeof ProcessService>, "exec"> {
  return {
    async *exec(requests, { signal }) {
      const input = requests[Symbol.asyncIterator]();
      const first = (await input.next()).value?.message;
      if (first?.case !== "start") throw new ConnectError("the first request is not start", Code.InvalidArgument);
      const process = start(guest, first.value);
      if (process instanceof StartFailure) {
        const failed = { reason: Reason[process.reason], message: process.message };
        yield { message: { case: "failed", value: failed } };
        return;
      }
      const end = () => process.callEnded();
      signal.addEventListener("abort", end, { once: true });
      void feed(process, input, contents).finally(end);
      try {
        yield { message: { case: "started", value: { pid: process.pid, id: BigInt(process.start.id) } } };
        yield* contentMessages(
          outputOf(process),
          WORDS,
          contents.for({ takesConnection: first.value.takesStdoutConnection }),
        );
        yield { message: { case: "exited", value: await process.ended } };
      } finally {
        signal.removeEventListener("abort", end);
        end();
      }
    },
  };
}

function start(guest: Guest, request: ExecStart): GuestProcess | StartFailure {
  try {
    return guest.start(processRequest(request));
  } catch (error) {
    if (error instanceof StartFailure) return error;
    throw error;
  }
}

function processRequest(start: ExecStart): ProcessRequest {
  return {
    argv: start.argv,
    env: Object.fromEntries(start.env.map(({ name, value }) => [name, value])),
    cwd: start.cwd,
    user: start.user,
    openStdin: start.openStdin,
    terminal: start.terminal,
    detached: start.detach,
    killGraceMs: milliseconds(start.killGrace) ?? 0,
    timeoutMs: milliseconds(start.timeout),
    stopSignal: start.stopSignal,
  };
}

/** Hands on what the caller sends; resolves when its side of the call is over. */
async function feed(
  process: GuestProcess,
  input: AsyncIterator<ExecRequest>,
  contents: ContentConnections,
): Promise<void> {
  try {
    for (let next = await input.next(); !next.done; next = await input.next()) {
      const { message } = next.value;
      if (message.case === "stdin") await take(process, message.value);
      else if (message.case === "stdinConnection") {
        for await (const data of contents.content(message.value.token)) await take(process, data);
      } else if (message.case === "stdinClose") await close(process);
      else if (message.case === "signal") process.signal(message.value.number);
    }
  } catch {
    // The connection broke, which is an end as well.
  }
}

async function take(process: GuestProcess, data: Uint8Array): Promise<void> {
  if (process.terminal === undefined) await process.stdin.write({ data });
  else await process.terminal.type(data);
}

async function close(process: GuestProcess): Promise<void> {
  if (process.terminal === undefined) process.stdin.end();
  else await process.terminal.close();
}

/** Pieces of stdout, and messages of stderr. */
async function* outputOf(process: GuestProcess): AsyncGenerator<Uint8Array<ArrayBuffer> | Response> {
  for (let output = await process.output.read(); output !== undefined; output = await process.output.read()) {
    for (let start = 0; start < output.data.length; start += MAX_PIECE_BYTES) {
      const value = Uint8Array.from(output.data.subarray(start, start + MAX_PIECE_BYTES));
      yield output.stream === "stdout" ? value : { message: { case: "stderr", value } };
    }
  }
}

/** ProcessService of a guest in memory. */
export function processService(guest: Guest, contents: ContentConnections): ServiceImpl<typeof ProcessService> {
  const known = (id: bigint): GuestProcess => {
    const process = guest.processes.get(Number(id));
    if (process === undefined) throw new ConnectError(`there is no process ${id}`, Code.NotFound);
    return process;
  };
  const running = (id: bigint): GuestProcess => {
    const process = known(id);
    if (process.isOver) throw new ConnectError(`process ${id} has ended`, Code.NotFound);
    return process;
  };
  return {
    ...execService(guest, contents),
    async *listProcesses() {
      for (const { start, pid, startedAt, isOver } of [...guest.processes.values()]) {
        if (isOver) continue;
        const { argv, user, detached, terminal } = start;
        const rest = { argv: [...argv], user, detached, terminal: terminal !== undefined };
        yield { id: BigInt(start.id), pid, startedAt: timestampFromDate(startedAt), ...rest };
      }
    },
    signalProcess({ id, number }) {
      running(id).signal(number);
      return {};
    },
    async killProcess({ id, grace }) {
      return { exited: await known(id).kill(milliseconds(grace) ?? 0) };
    },
    async waitProcess({ id }, { signal }) {
      const { ended } = known(id);
      const { promise: givenUp, reject } = Promise.withResolvers<never>();
      signal.addEventListener("abort", () => reject(signal.reason), { once: true });
      return { exited: await Promise.race([ended, givenUp]) };
    },
    // biome-ignore lint/correctness/useYield: it never comes to that.
    async *attachProcess() {
      throw new ConnectError("the double does not take others to its processes", Code.Unimplemented);
    },
    resizeTerminal({ id, size }) {
      const process = running(id);
      if (process.terminal === undefined || size === undefined) {
        throw new ConnectError(`process ${id} has no terminal`, Code.FailedPrecondition);
      }
      process.resize(size);
      return {};
    },
  };
}

function milliseconds(duration: Duration | undefined): number | undefined {
  return duration && Number(duration.seconds) * 1000 + duration.nanos / 1_000_000;
}
