import type { ExecProcess } from "../src/index.ts";

/** A person at a command, on a terminal or not: types, and reads until something is shown. */
export function sitAt(process: Pick<ExecProcess, "stdout" | "stdin">) {
  const reader = process.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const writer = process.stdin?.getWriter();
  let seen = "";
  return {
    type: (text: string) => writer?.write(text),
    close: () => writer?.close(),
    async until(text: string) {
      while (!seen.includes(text)) {
        const { done, value } = await reader.read();
        if (done) throw new Error(`${JSON.stringify(text)} does not come after ${JSON.stringify(seen)}`);
        seen += value;
      }
      const end = seen.indexOf(text) + text.length;
      const read = seen.slice(0, end);
      seen = seen.slice(end);
      return read;
    },
  };
}
