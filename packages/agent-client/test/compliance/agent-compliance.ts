import { afterAll, beforeAll, describe } from "vitest";
import type { AgentSubject, AgentTraits, Held } from "./agent-subject.ts";
import { archivesSuite } from "./archives-suite.ts";
import { copiesSuite } from "./copies-suite.ts";
import { directoriesSuite } from "./directories-suite.ts";
import { execEndSuite } from "./exec-end-suite.ts";
import { execSuite } from "./exec-suite.ts";
import { filesSuite } from "./files-suite.ts";
import { healthSuite } from "./health-suite.ts";
import { processesSuite } from "./processes-suite.ts";
import { terminalSuite } from "./terminal-suite.ts";
import { watchSuite } from "./watch-suite.ts";

/** What everything that is called a guest agent does, whatever it is made of. */
export function agentCompliance(traits: AgentTraits): void {
  describe(`${traits.name} is a guest agent`, { timeout: 20_000 * traits.slowness }, () => {
    let subject: AgentSubject;
    let directory: string;
    const held: Held = {
      traits,
      get client() {
        return subject.client;
      },
      get subject() {
        return subject;
      },
      at: (...names) => [directory, ...names].join("/"),
      async directory() {
        const root = held.at(crypto.randomUUID().slice(0, 8));
        await held.client.files.mkdir(root);
        return (...names) => [root, ...names].join("/");
      },
    };
    beforeAll(async () => {
      subject = await traits.start();
      directory = `${subject.scratchParent}/a3s-compliance-${crypto.randomUUID().slice(0, 8)}`;
      await subject.client.files.mkdir(directory);
    }, 120_000);
    afterAll(async () => {
      await subject?.client.files.rm(directory, { recursive: true, force: true });
      await subject?.[Symbol.asyncDispose]();
    });
    const ofProcesses = [execSuite, execEndSuite, terminalSuite, processesSuite];
    const ofFiles = [filesSuite, directoriesSuite, copiesSuite, archivesSuite, watchSuite];
    for (const suite of [...ofProcesses, ...ofFiles, healthSuite]) suite(held);
  });
}
