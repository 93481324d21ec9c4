import { expect, test } from "vitest";
import { type ProxyOptions, ProxySettings } from "./proxy-settings.ts";

const http = "http://reg.lan/";
const https = "https://reg.lan/";

function proxyOf(url: string, options: ProxyOptions | false | undefined, environment = {}): string | undefined {
  return new ProxySettings(options, environment).proxyFor(new URL(url))?.url.href;
}

test.each([
  [http, { HTTP_PROXY: "http://a:1" }, "http://a:1/"],
  [https, { HTTP_PROXY: "http://a:1" }, undefined],
  [https, { HTTPS_PROXY: "http://a:1" }, "http://a:1/"],
  [http, { HTTPS_PROXY: "http://a:1" }, undefined],
  [https, { https_proxy: "https://b:2", HTTPS_PROXY: "http://a:1" }, "https://b:2/"],
  [https, { HTTPS_PROXY: "a:1" }, "http://a:1/"],
  [https, { HTTPS_PROXY: "" }, undefined],
  [https, { HTTPS_PROXY: "http://a:1", NO_PROXY: "reg.lan" }, undefined],
  [https, { HTTPS_PROXY: "http://a:1", no_proxy: "reg.lan" }, undefined],
  ["http://127.0.0.1:5000/", { HTTP_PROXY: "http://a:1" }, undefined],
  ["http://localhost/", { HTTP_PROXY: "http://a:1" }, undefined],
  ["https://[::1]/", { HTTPS_PROXY: "http://a:1" }, undefined],
])("%s with %j goes through %s", (url, environment, expected) => {
  expect(proxyOf(url, undefined, environment)).toBe(expected);
});

test("options replace the environment whole, and false means none", () => {
  const environment = { HTTPS_PROXY: "http://a:1", HTTP_PROXY: "http://a:1" };
  expect(proxyOf(https, { https: "http://b:2" }, environment)).toBe("http://b:2/");
  expect(proxyOf(http, { https: "http://b:2" }, environment)).toBeUndefined();
  expect(proxyOf(https, { https: "http://b:2", no: "reg.lan" }, environment)).toBeUndefined();
  expect(proxyOf(https, false, environment)).toBeUndefined();
});

test.each([
  ["http://u:p@a:1", "u:p"],
  ["http://u@a:1", "u:"],
  ["http://u:p%40%3A@a:1", "u:p@:"],
])("the credentials in %s are sent apart from the address", (address, pair) => {
  const proxy = new ProxySettings({ https: address }, {}).proxyFor(new URL(https));
  expect(proxy?.url.href).toBe("http://a:1/");
  expect(proxy?.authorization).toBe(`Basic ${Buffer.from(pair).toString("base64")}`);
});

test.each([
  [{ https: "ftp://secret@a" }, {}, "proxy.https is no address of a proxy"],
  [{ http: "http://" }, {}, "proxy.http is no address of a proxy"],
  [{ http: "http://secret:%@a" }, {}, "proxy.http has credentials that are badly escaped"],
  [undefined, { HTTPS_PROXY: "socks5://secret@a" }, "HTTPS_PROXY (of the environment) is no address of a proxy"],
  [undefined, { http_proxy: "http://[" }, "HTTP_PROXY (of the environment) is no address of a proxy"],
])("REGISTRY_OPTIONS_INVALID: %j %j", (options, environment, fault) => {
  expect(() => new ProxySettings(options, environment)).toThrow(
    expect.objectContaining({ code: "REGISTRY_OPTIONS_INVALID", message: `The registry option ${fault}` }),
  );
});
