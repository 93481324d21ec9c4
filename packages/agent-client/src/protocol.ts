/** vsock port of the host that the guest dials while it boots: the doorbell, `a3s.boot.v1`. */
export const DOORBELL_PORT = 4087;

/** vsock port of the guest where the agent serves `a3s.agent.v1` and `grpc.health.v1`. */
export const AGENT_PORT = 4088;

/** Generation of `a3s.agent.v1` that this client speaks. An agent of another generation is refused at boot. */
export const AGENT_PROTOCOL = 2;

/** Most bytes of a file, or of what a process reads or writes, in one message: what every message costs is paid once for them. */
export const MAX_CONTENT_BYTES = 256 * 1024;

/** Largest message taken from an agent, in bytes: content, and room for the rest of the message. */
export const MAX_AGENT_MESSAGE_BYTES = MAX_CONTENT_BYTES + 64 * 1024;
