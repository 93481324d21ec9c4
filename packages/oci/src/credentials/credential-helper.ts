import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { raceSignal, startDeadline } from "@a3s/core";
import * as v from "valibot";
import { readCapped } from "../content/read-capped.ts";
import { OciError } from "../errors/oci-error.ts";
import type { Credentials, Environment } from "./credentials.ts";
import { credentialsUnavailable } from "./unavailable.ts";

const MAX_ANSWER_BYTES = 64 * 1024;
const MAX_COMPLAINT_BYTES = 4 * 1024;
const DEADLINE_MS = 10_000;

/** The user name that says that the secret is a refresh token (docker-credential-helpers, `Secret`). */
const TOKEN_USER = "<token>";
const NOT_FOUND = "credentials not found";

const answerSchema = v.looseObject({ Username: v.string(), Secret: v.string() });

/** How a credential helper is asked. */
export interface HelperCall {
  /** What follows `docker-credential-`. */
  readonly name: string;
  /** `host`, `host:port`, or `https://index.docker.io/v1/`. */
  readonly server: string;
  /** Of the process; its `PATH` is searched. */
  readonly environment: Environment;
  readonly signal: AbortSignal;
  /** Milliseconds; 10 s by default. */
  readonly deadlineMs?: number | undefined;
}

/**
 * Asks `docker-credential-<name> get` for the credentials of a server (docker-credential-helpers protocol). `undefined` when it has none.
 *
 * @throws OciError `CREDENTIALS_UNAVAILABLE`, or the signal's reason. The process has been killed then, with those that it started.
 */
export async function askCredentialHelper(call: HelperCall): Promise<Credentials | undefined> {
  const { name, environment, signal, deadlineMs = DEADLINE_MS } = call;
  if (!/^[A-Za-z0-9_.-]+$/.test(name)) throw failure(call, "has a name that no program can have");
  using deadline = startDeadline({ signal, timeoutMs: deadlineMs, what: "The credential helper's answer" });
  signal.throwIfAborted();
  // A group of its own can be killed whole.
  const child = spawn(`docker-credential-${name}`, ["get"], { env: { ...environment }, detached: true });
  try {
    return await raceSignal(converse(child, call), deadline.signal);
  } catch (error) {
    kill(child);
    signal.throwIfAborted();
    throw deadline.signal.aborted ? failure(call, `did not answer within ${deadlineMs} ms`) : error;
  }
}

async function converse(child: ChildProcessWithoutNullStreams, call: HelperCall): Promise<Credentials | undefined> {
  const ended = new Promise<string | number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code, by) => resolve(by ?? code));
  });
  // One that ends without reading the server's name says so itself.
  child.stdin.on("error", () => {}).end(call.server);
  const parts = [readAnswer(child.stdout, call), readStart(child.stderr, MAX_COMPLAINT_BYTES), ended] as const;
  const [answer, complaint, status] = await Promise.all(parts).catch((error: NodeJS.ErrnoException) => {
    if (error instanceof OciError) throw error;
    throw failure(call, error.code === "ENOENT" ? "is not installed" : `cannot be run: ${error.code}`);
  });
  if (status === 0) return parseAnswer(answer, call);
  if (`${answer}\n${complaint}`.toLowerCase().includes(NOT_FOUND)) return undefined;
  const reason = complaint.trim().split("\n", 1)[0] ?? "";
  throw failure(call, `failed with ${status}${reason === "" ? "" : `: ${reason.slice(0, 300)}`}`);
}

async function readAnswer(stream: AsyncIterable<Uint8Array>, call: HelperCall): Promise<string> {
  const bytes = await readCapped(stream, MAX_ANSWER_BYTES);
  if (bytes === undefined) throw failure(call, `answers more than ${MAX_ANSWER_BYTES} bytes`);
  return Buffer.from(bytes).toString("utf8");
}

function parseAnswer(answer: string, call: HelperCall): Credentials | undefined {
  let value: unknown;
  try {
    value = JSON.parse(answer);
  } catch {
    throw failure(call, "answers something that is not JSON");
  }
  const result = v.safeParse(answerSchema, value);
  if (!result.success) throw failure(call, "answers without a Username and a Secret");
  const { Username: username, Secret: password } = result.output;
  if (username === "" && password === "") return undefined;
  return username === TOKEN_USER ? { identityToken: password } : { username, password };
}

/** The start of a stream, which is read to its end. */
async function readStart(stream: AsyncIterable<Uint8Array>, bytes: number): Promise<string> {
  const kept: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of stream) {
    if (length < bytes) kept.push(chunk.subarray(0, bytes - length));
    length += chunk.length;
  }
  return Buffer.concat(kept).toString("utf8");
}

function kill(child: ChildProcessWithoutNullStreams): void {
  for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
  // The error of a program that could not be started has come already, or comes to nobody.
  child.on("error", () => {});
  try {
    if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
  } catch {
    // It has ended already.
  }
}

function failure({ name, server }: HelperCall, fault: string) {
  return credentialsUnavailable(
    `The credential helper docker-credential-${name} ${fault}`,
    "Repair it or its entry in the Docker configuration, or give the credentials as an option.",
    { helper: name, server },
  );
}
