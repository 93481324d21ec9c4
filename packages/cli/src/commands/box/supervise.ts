import { BoxError, type BoxesEvents, type BoxId, createRuntime, type Runtime } from "@a3s/box-runtime";
import { InterruptedBySignal } from "../../output/error-report.ts";
import { type JsonOf, printJsonLine } from "../../output/print.ts";
import { type Deed, formatDeed } from "../../output/supervisor-line.ts";
import { writeFully } from "../../output/write-fully.ts";
import { interruptible } from "../interruption.ts";

/** Options of `a3s-box supervise`, as the command line gives them. */
export interface SuperviseOptions {
  readonly json?: boolean;
}

/** `a3s-box supervise`: says what it does until it is asked to end, which is no failure then. */
export async function superviseBoxes({ json = false }: SuperviseOptions): Promise<void> {
  const runtime = createRuntime();
  const say = async (deed: JsonOf<"supervise">) => {
    if (json) await printJsonLine("supervise", deed);
    else await writeFully(process.stdout, Buffer.from(`${formatDeed(deed)}\n`));
  };
  try {
    await interruptible(async (signal) => {
      const told = new AbortController();
      // From before the first thing that it does.
      const events = runtime.events.stream({ signal: told.signal, capacity: 4096 });
      const telling = tell(runtime, events, say);
      try {
        await using supervisor = await runtime.supervise({ signal });
        await say({ time: new Date().toISOString(), deed: "began", home: runtime.home.home });
        await Promise.race([supervisor.ended, telling]);
      } finally {
        told.abort();
        await telling;
      }
      signal.throwIfAborted();
    });
  } catch (error) {
    if (!(error instanceof InterruptedBySignal)) throw error;
  }
}

async function tell(
  runtime: Runtime,
  events: ReturnType<Runtime["events"]["stream"]>,
  say: (deed: JsonOf<"supervise">) => Promise<void>,
): Promise<void> {
  for await (const event of events) {
    if (event.name === "gap" || !(event.name in DEEDS)) continue;
    const { id } = event.payload;
    const deed = (DEEDS[event.name as keyof typeof DEEDS] as (payload: unknown) => Omit<Deed, "time">)(event.payload);
    await say({ time: event.at.toISOString(), id, ...(await nameOf(runtime, id)), ...deed });
  }
}

const DEEDS: { readonly [Name in keyof BoxesEvents]?: (payload: BoxesEvents[Name]) => Omit<Deed, "time"> } = {
  "box.supervised": () => ({ deed: "looks-after" }),
  "box.stopped": ({ exit }) => ({ deed: "ended", exitCode: exit.exitCode, meaning: exit.meaning }),
  "box.error": ({ error }) => ({ deed: "failed", error: wordsOf(error) }),
  "box.health": ({ health }) => ({ deed: "health", health: health.status, failingStreak: health.failingStreak }),
  "box.offline": () => ({ deed: "offline" }),
  "box.expired": () => ({ deed: "expired" }),
  "box.restarting": ({ delayMs, restart }) => ({ deed: "restarting", delayMs, restart }),
  "box.resting": ({ why }) => ({ deed: "resting", why }),
  "box.unsupervised": ({ error }) => ({ deed: "failed", error: wordsOf(error) }),
};

/** One that is gone by now goes by its id. */
async function nameOf({ boxes }: Runtime, id: BoxId): Promise<{ readonly name?: string }> {
  try {
    await using box = await boxes.get(id);
    return { name: box.name };
  } catch {
    return {};
  }
}

function wordsOf(error: unknown): string {
  if (error instanceof BoxError) return `${error.message} [${error.code}]`;
  return error instanceof Error ? error.message : String(error);
}
