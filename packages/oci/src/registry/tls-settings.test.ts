import { makeCertificates } from "@a3s/testing";
import { expect, test } from "vitest";
import { type TlsOptions, TlsSettings } from "./tls-settings.ts";

const { ca, client, server } = await makeCertificates();

test.each([
  ["https://reg.lan:5000/", "reg.lan:5000"],
  ["https://reg.lan:5001/", "reg.lan"],
  ["https://reg.lan/", "reg.lan"],
  ["https://other.lan/", "other.lan"],
  ["https://else.lan/", "*"],
  ["http://reg.lan/", ""],
])("for %s the entry %j counts", (url, entry) => {
  const hosts = ["*", "reg.lan", "reg.lan:5000", "other.lan:443"];
  const settings = new TlsSettings(Object.fromEntries(hosts.map((host) => [host, { ca }])));
  expect(settings.entryFor(new URL(url))).toBe(entry);
  expect(settings.context(entry) !== undefined).toBe(entry !== "");
});

test("without settings no host has any", () => {
  expect(new TlsSettings().entryFor(new URL("https://reg.lan/"))).toBe("");
});

test.each<[string, Record<string, TlsOptions>]>([
  ["a certificate without its key", { a: { cert: client.cert } }],
  ["a key without its certificate", { a: { key: client.key } }],
  ["a certificate with another one's key", { a: { cert: client.cert, key: server.key } }],
  ["a certificate that is none", { a: { cert: "secret", key: "secret" } }],
  ["a client certificate for every host", { "*": client }],
  ["an authority that is none", { a: { ca: "secret" } }],
  ["an authority that is broken", { a: { ca: ca.replace("MII", "XII") } }],
  ["a host that is insecure", { "plain.lan": { ca } }],
  ["no host", { "https://a": { ca } }],
])("REGISTRY_OPTIONS_INVALID: %s", (_what, options) => {
  let thrown: unknown;
  try {
    new TlsSettings(options, ["plain.lan"]);
  } catch (error) {
    thrown = error;
  }
  expect(thrown).toMatchObject({ code: "REGISTRY_OPTIONS_INVALID" });
  expect(JSON.stringify(thrown)).not.toContain("secret");
});
