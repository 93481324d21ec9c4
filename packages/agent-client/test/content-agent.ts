import type { Socket } from "node:net";
import type { AgentDouble, ContentConnections, ContentOffer, OutgoingContent } from "@a3s/testing";
import type { MessageInitShape } from "@bufbuild/protobuf";
import type { ExecResponseSchema } from "../src/gen/a3s/agent/v1/agent_pb.ts";
import type { ReadRequest, ReadResponseSchema } from "../src/gen/a3s/agent/v1/files_pb.ts";
import { doubleAgent, type FakeAgent } from "./fake-agent.ts";

type Agent = FakeAgent & AgentDouble;
type ExecAnswer = MessageInitShape<typeof ExecResponseSchema>;
export type ReadAnswer = MessageInitShape<typeof ReadResponseSchema>;

export const started: ExecAnswer = { message: { case: "started", value: { pid: 7 } } };
export const exited: ExecAnswer = { message: { case: "exited", value: { code: 3 } } };
export const stderr = (value: Uint8Array<ArrayBuffer>): ExecAnswer => ({ message: { case: "stderr", value } });
export const stdoutOver = ({ token }: ContentOffer): ExecAnswer => ({
  message: { case: "stdoutConnection", value: { token } },
});
export const dataOver = ({ token }: Pick<ContentOffer, "token">): ReadAnswer => ({ dataConnection: { token } });

/** An agent that answers every exec like this. */
export async function executing(answer: (contents: ContentConnections) => AsyncGenerator<ExecAnswer>): Promise<Agent> {
  const exec = () => answer(agent.contents);
  const agent = await doubleAgent({ methods: { agent: { exec } } });
  return agent;
}

/** An agent that answers every read like this. */
export async function reading(
  answer: (contents: ContentConnections, request: ReadRequest) => AsyncGenerator<ReadAnswer>,
): Promise<Agent> {
  const read = (request: ReadRequest) => answer(agent.contents, request);
  const agent = await doubleAgent({ methods: { files: { read } } });
  return agent;
}

/** An agent whose reads go over their connection from the beginning, as it is told. */
export function sending(send: (connection: OutgoingContent) => Promise<unknown>): Promise<Agent> {
  return reading(async function* (contents) {
    using offer = contents.offer();
    yield dataOver(offer);
    const connection = await offer.opened;
    yield dataOver(offer);
    await send(connection);
  });
}

export const never = () => new Promise<never>(() => {});
export const written = (socket: Socket, bytes: Uint8Array) => new Promise((resolve) => socket.write(bytes, resolve));

/** Resolves when the socket is gone, or was already. */
export async function gone(socket: Socket | undefined): Promise<void> {
  if (socket === undefined) throw new Error("there is no such connection");
  if (!socket.closed) await new Promise((resolve) => socket.once("close", resolve));
}

export async function collected(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  return Buffer.concat(await Array.fromAsync(pieces));
}
