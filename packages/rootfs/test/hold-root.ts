import { once } from "node:events";
import type { Digest } from "@a3s/core";
import { LowerStore } from "../src/store/lower-store.ts";

/** A process of the tests: holds a root until its standard input ends. Arguments: store, chain ID. */
const [directory = "", chainId = ""] = process.argv.slice(2);
const store = await LowerStore.open(directory);
await using _lease = await store.lease(chainId as Digest);
console.log("held");
await once(process.stdin.resume(), "end");
