import { expect, test } from "vitest";
import { parseLogLine } from "./log-entry.ts";

const time = "2026-01-01T00:00:00.000Z";
const parse = (record: unknown) => parseLogLine(Buffer.from(JSON.stringify(record)));

test("text, bytes and what is missing", () => {
  expect(parse({ time, stream: "stdout", text: "a\u001b" })).toEqual({
    time,
    stream: "stdout",
    text: "a\u001b",
    partial: false,
  });
  expect(parse({ time, stream: "console", bytes: "Yf8=", partial: true })).toEqual({
    time,
    stream: "console",
    text: "a\ufffd",
    bytes: Buffer.from([0x61, 0xff]),
    partial: true,
  });
  const dropped = { records: 2, bytes: 400 };
  expect(parse({ time, stream: "log", dropped })).toEqual({ time, stream: "log", cause: "writer", dropped });
});

test.each([
  ["nothing", ""],
  ["half a record", `{"time":"${time}","stream":"std`],
  ["another stream", JSON.stringify({ time, stream: "stdin", text: "" })],
  ["no content", JSON.stringify({ time, stream: "stdout" })],
  ["no time", JSON.stringify({ time: "now", stream: "stdout", text: "" })],
  ["no base64", JSON.stringify({ time, stream: "stdout", bytes: "%" })],
  ["a number", "7"],
])("%s is no entry", (_, line) => {
  expect(parseLogLine(Buffer.from(line))).toBeUndefined();
});
