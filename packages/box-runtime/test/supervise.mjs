// Supervises the boxes of a home directory until it is killed, and says what it does.
import { createRuntime } from "@a3s/box-runtime";

const runtime = createRuntime({ home: process.argv[2] });
const supervisor = await runtime.supervise();
console.log("supervising");
(async () => {
  for await (const { name } of runtime.events.stream()) console.log(name);
})();
await supervisor.ended;
