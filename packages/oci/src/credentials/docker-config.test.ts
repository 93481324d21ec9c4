import { expect, test } from "vitest";
import { DockerConfig } from "./docker-config.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const auth = base64("user:secret");

function find(config: unknown, registry: string, repository = "some/image") {
  return new DockerConfig(JSON.stringify(config), "the file").credentialsOf({ registry, repository });
}

const user = { username: "user", password: "secret" };

test.each([
  ["auth in base64", { auth }, user],
  ["a password with colons", { auth: base64("user:a:b") }, { username: "user", password: "a:b" }],
  ["a password filled up with NUL", { auth: base64("user:secret\0\0") }, user],
  ["an empty password", { auth: base64("user:") }, { username: "user", password: "" }],
  ["username and password", user, user],
  ["an identity token", { auth: base64("00000000:"), identitytoken: "refresh" }, { identityToken: "refresh" }],
  ["a registry token", { auth, registrytoken: "bearer" }, { registryToken: "bearer" }],
  ["an empty entry", {}, undefined],
  ["no entry", null, undefined],
  ["empty texts", { auth: "", identitytoken: "" }, undefined],
])("reads %s", (_what, entry, expected) => {
  expect(find({ auths: { "ghcr.io": entry } }, "ghcr.io")).toEqual(expected);
});

test.each([
  ["ghcr.io", "https://ghcr.io/v1/"],
  ["docker.io", "https://index.docker.io/v1/"],
  ["reg.lan:5000", "http://reg.lan:5000/v2/"],
])("finds %s under %s", (registry, key) => {
  expect(find({ auths: { "other.io": { auth: base64("x:y") }, [key]: { auth } } }, registry)).toEqual(user);
  expect(find({ auths: { [key]: { auth } } }, "else.io")).toBeUndefined();
});

test("the longest namespace counts, and one without credentials does not", () => {
  const named = (name: string) => ({ auth: base64(`${name}:p`) });
  const auths = {
    "reg.lan": named("host"),
    "reg.lan/a": named("one"),
    "reg.lan/a/b": named("two"),
    "reg.lan/a/b/c": {},
  };
  const found = (repository: string) => find({ auths }, "reg.lan", repository) as { username: string };
  expect(["a/b/c", "a/b", "a/x", "ab", "x"].map((name) => found(name).username)).toEqual([
    "two",
    "two",
    "one",
    "host",
    "host",
  ]);
});

test("a registry's own helper goes before the one for all, and an empty one means none", () => {
  const credHelpers = { "ghcr.io": "own", "https://index.docker.io/v1/": "hub", "plain.io": "" };
  const config = new DockerConfig(JSON.stringify({ credHelpers, credsStore: "all" }), "the file");
  expect(["ghcr.io", "docker.io", "plain.io", "else.io"].map((registry) => config.helperOf(registry))).toEqual([
    "own",
    "hub",
    undefined,
    "all",
  ]);
  expect(new DockerConfig("{}", "the file").helperOf("ghcr.io")).toBeUndefined();
});

test.each([
  ["no JSON", '{"auths":{"a":{"auth":"c2VjcmV0', "the file is malformed: it is not JSON"],
  ["a list", "[]", "the file is malformed: it is a list"],
  ["a number as auth", '{"auths":{"a":{"auth":5317}}}', "the file is malformed: auths.a.auth has a wrong type"],
  ["no object", '"c2VjcmV0"', "the file is malformed: it has a wrong type"],
  ["a helper that is no text", '{"credHelpers":{"a":{}}}', "the file is malformed: credHelpers.a has a wrong type"],
])("CREDENTIALS_UNAVAILABLE: %s", (_what, json, message) => {
  expect(() => new DockerConfig(json, "the file")).toThrow(
    expect.objectContaining({ code: "CREDENTIALS_UNAVAILABLE", message }),
  );
});

test.each(["%%%", base64("nocolon"), base64(":nouser")])("CREDENTIALS_UNAVAILABLE: the auth %s", (text) => {
  expect(() => find({ auths: { "ghcr.io": { auth: text } } }, "ghcr.io")).toThrow(
    expect.objectContaining({
      code: "CREDENTIALS_UNAVAILABLE",
      message: 'the file is malformed: "auth" of "ghcr.io" is not a user and a password in base64',
    }),
  );
});

test("an entry that is malformed troubles no other registry", () => {
  expect(find({ auths: { "a.io": { auth: "%" }, "b.io": { auth } } }, "b.io")).toEqual(user);
});
