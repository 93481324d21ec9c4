export { makeFifo } from "@a3s/core";
