/** Absolute path of `vm-host`, the process that becomes a VM. */
export declare const vmHostPath: string;

/** Absolute path of `a3s-agent`, the static binary that is PID 1 in a guest. */
export declare const guestAgentPath: string;
