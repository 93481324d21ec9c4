/** vsock port of the host that the guest dials while it boots: the doorbell, `a3s.boot.v1`. */
export const DOORBELL_PORT = 4087;

/** vsock port of the guest where the agent serves `a3s.agent.v1` and `grpc.health.v1`. */
export const AGENT_PORT = 4088;

/** Generation of `a3s.agent.v1` that this client speaks. An agent of another generation is refused at boot. */
export const AGENT_PROTOCOL = 1;

/** Largest message taken from an agent, in bytes: output comes in pieces of 28 KiB, so this leaves room and no more. */
export const MAX_AGENT_MESSAGE_BYTES = 128 * 1024;
