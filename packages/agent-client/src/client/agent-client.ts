import { create } from "@bufbuild/protobuf";
import type { Client } from "@connectrpc/connect";
import { AgentError } from "../errors/agent-error.ts";
import { type ExecCommand, type ExecOptions, MAX_GRACE_MS } from "../exec/exec-options.ts";
import { planExec } from "../exec/exec-plan.ts";
import { ExecProcess } from "../exec/exec-process.ts";
import { ProcessCall } from "../exec/process-call.ts";
import { AgentFiles } from "../files/agent-files.ts";
import { AgentService, ShutdownRequestSchema } from "../gen/a3s/agent/v1/agent_pb.ts";
import { ProcessService } from "../gen/a3s/agent/v1/process_pb.ts";
import { SystemService } from "../gen/a3s/agent/v1/system_pb.ts";
import { Health } from "../gen/grpc/health/v1/health_pb.ts";
import { createGrpcClient } from "../grpc/grpc-client.ts";
import { GrpcTransport } from "../grpc/grpc-transport.ts";
import { AgentProcesses } from "../processes/agent-processes.ts";
import { MAX_AGENT_MESSAGE_BYTES } from "../protocol.ts";
import { AgentSession } from "../session/agent-session.ts";
import { type CallOptions, callAgent } from "../session/call.ts";
import type { KeepAliveOptions } from "../session/keep-alive.ts";
import { checkSocketPath } from "../socket/socket-path.ts";
import { AgentSystem } from "../system/agent-system.ts";
import { durationFromMs } from "../time/duration.ts";
import { type AgentHealth, readHealth } from "./agent-health.ts";
import { type AgentInfo, readInfo } from "./agent-info.ts";

/** Where an agent is. */
export interface ConnectAgentOptions {
  /** The Unix socket that leads to the agent's port, such as the one that a VM's vsock port is bridged to. */
  readonly socketPath: string;
  /** Disposes the client when it aborts; pending calls reject with its reason. */
  readonly signal?: AbortSignal | undefined;
  readonly keepAlive?: KeepAliveOptions | undefined;
}

/** Options of {@link AgentClient.health}. */
export interface HealthOptions extends CallOptions {
  /** Name of a service; the agent as a whole when left out. */
  readonly service?: string | undefined;
}

/** Options of {@link AgentClient.shutdown}. */
export interface ShutdownOptions extends CallOptions {
  /** To SIGKILL for what has not ended when it was asked to, in milliseconds; at most one hour, 0 by default. */
  readonly graceMs?: number | undefined;
}

/**
 * Client of one guest agent. Nothing is opened before the first call.
 *
 * @throws {@link AgentError} `SOCKET_PATH_TOO_LONG`
 */
export function connectAgent(options: ConnectAgentOptions): AgentClient {
  return new AgentClient(options);
}

/** Calls a guest agent; see {@link connectAgent}. Disposing it ends the connection and fails the calls that are pending. */
export class AgentClient implements AsyncDisposable {
  readonly socketPath: string;
  /** Files of the guest. */
  readonly files: AgentFiles;
  /** The main process, and what `exec` has started in the guest, whoever called it. */
  readonly processes: AgentProcesses;
  /** The guest as a whole: what it uses, its clock, its disks. */
  readonly system: AgentSystem;
  readonly #session: AgentSession;
  readonly #agent: Client<typeof AgentService>;
  readonly #health: Client<typeof Health>;
  readonly #release: () => void;

  constructor({ socketPath, signal, keepAlive }: ConnectAgentOptions) {
    this.socketPath = checkSocketPath(socketPath);
    this.#session = new AgentSession(socketPath, keepAlive);
    const transport = new GrpcTransport((headers) => this.#session.request(headers), MAX_AGENT_MESSAGE_BYTES, {
      open: () => this.#session.openContent(() => this.#takesConnections()),
      take: (token, receiver) => this.#session.takeContent(token, receiver),
    });
    this.#agent = createGrpcClient(AgentService, transport);
    this.#health = createGrpcClient(Health, transport);
    this.files = new AgentFiles(transport);
    this.processes = new AgentProcesses(createGrpcClient(ProcessService, transport));
    this.system = new AgentSystem(createGrpcClient(SystemService, transport));
    const abort = () => this.#session.close(closed(signal?.reason));
    if (signal?.aborted) abort();
    else signal?.addEventListener("abort", abort, { once: true });
    this.#release = () => signal?.removeEventListener("abort", abort);
  }

  /**
   * What the agent says about itself; its answer is the proof that it lives.
   *
   * @throws the signal's reason, CoreError `DEADLINE_EXCEEDED`, {@link AgentError} `AGENT_UNAVAILABLE` and others.
   */
  async health(options: HealthOptions = {}): Promise<AgentHealth> {
    return callAgent("a health check", options, (signal) =>
      readHealth(this.#health.check({ service: options.service ?? "" }, { signal })),
    );
  }

  /** Versions, kernel and uptime of the guest. Errors as for {@link AgentClient.health}. */
  async info(options: CallOptions = {}): Promise<AgentInfo> {
    return callAgent("info", options, async (signal) => readInfo(await this.#agent.info({}, { signal })));
  }

  /** Asks the guest to end its processes and power off; resolves when it has begun. Errors as for {@link AgentClient.health}. */
  async shutdown(options: ShutdownOptions = {}): Promise<void> {
    const request = create(ShutdownRequestSchema, {
      grace: durationFromMs(Math.min(options.graceMs ?? 0, MAX_GRACE_MS)),
    });
    await callAgent("shutdown", options, (signal) => this.#agent.shutdown(request, { signal }));
  }

  /**
   * Runs a command in the guest. It is started at once; await the process for its result, iterate it for its events, or
   * read its streams.
   *
   * @param command The program, looked up in the PATH of `env` when it holds no slash, and its arguments; no shell is
   * involved. A string is a line for the guest's `/bin/sh -c`.
   * @throws {@link AgentError} `EXEC_INVALID`, `EXEC_CWD_INVALID` at once; everything else rejects the process.
   */
  exec(command: ExecCommand, options: ExecOptions = {}): ExecProcess {
    const call = new ProcessCall(planExec(this.#agent, command, options), this.processes);
    return new ExecProcess(call, options.maxBufferBytes);
  }

  /** Whether content may go over connections of its own. */
  async #takesConnections(): Promise<boolean> {
    const info = await callAgent("info", {}, (signal) => this.#agent.info({}, { signal }));
    return info.contentConnections;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#release();
    this.#session.close(closed(undefined));
  }
}

function closed(reason: unknown): AgentError {
  return new AgentError({
    code: "AGENT_CLOSED",
    message: "The client of the guest agent was disposed",
    hint: "Keep the client until its calls have ended.",
    cause: reason,
  });
}
