//! What the default filter refuses, as Docker's default profile does: https://docs.docker.com/engine/security/seccomp. Numbers from the
//! kernel's arch/x86/entry/syscalls/syscall_{64,32}.tbl and include/uapi/asm-generic/unistd.h.

/// A system call by its numbers, where the architecture has it.
pub struct Call {
    /// Says what the numbers are; only tests look at it.
    #[cfg_attr(not(test), expect(dead_code))]
    pub name: &'static str,
    pub x86_64: Option<u32>,
    pub i386: Option<u32>,
    pub aarch64: Option<u32>,
}

const NONE: i32 = -1;

const fn call(name: &'static str, x86_64: i32, i386: i32, aarch64: i32) -> Call {
    Call {
        name,
        x86_64: number(x86_64),
        i386: number(i386),
        aarch64: number(aarch64),
    }
}

const fn number(number: i32) -> Option<u32> {
    if number == NONE { None } else { Some(number as u32) }
}

/// Everything below was looked at (Linux 6.17); a newer call is unknown to the filter, and to programs.
pub const FIRST_UNKNOWN: u32 = 470;

pub const CLONE: Call = call("clone", 56, 120, 220);
pub const CLONE3: Call = call("clone3", 435, 435, 435);
pub const PERSONALITY: Call = call("personality", 135, 136, 92);
pub const SOCKET: Call = call("socket", 41, 359, 198);

/// Refused to a process that has none of the capabilities: in most cases the kernel would not let it either, and what it never
/// runs cannot be attacked.
pub const ONLY_WITH: &[(&[&str], &[Call])] = &[
    (&["DAC_READ_SEARCH"], &[call("open_by_handle_at", 304, 342, 265)]),
    (
        &["SYS_ADMIN"],
        &[
            call("fanotify_init", 300, 338, 262),
            call("fsconfig", 431, 431, 431),
            call("fsmount", 432, 432, 432),
            call("fsopen", 430, 430, 430),
            call("fspick", 433, 433, 433),
            call("lookup_dcookie", 212, 253, 18),
            call("mount", 165, 21, 40),
            call("mount_setattr", 442, 442, 442),
            call("move_mount", 429, 429, 429),
            call("open_tree", 428, 428, 428),
            call("open_tree_attr", 467, 467, 467),
            call("quotactl", 179, 131, 60),
            call("quotactl_fd", 443, 443, 443),
            call("setdomainname", 171, 121, 162),
            call("sethostname", 170, 74, 161),
            call("setns", 308, 346, 268),
            call("umount", NONE, 22, NONE),
            call("umount2", 166, 52, 39),
            call("unshare", 272, 310, 97),
        ],
    ),
    (&["SYS_ADMIN", "BPF"], &[call("bpf", 321, 357, 280)]),
    (&["SYS_ADMIN", "PERFMON"], &[call("perf_event_open", 298, 336, 241)]),
    (&["SYS_ADMIN", "SYSLOG"], &[call("syslog", 103, 103, 116)]),
    (
        &["SYS_BOOT"],
        &[
            call("kexec_file_load", 320, NONE, 294),
            call("kexec_load", 246, 283, 104),
            call("reboot", 169, 88, 142),
        ],
    ),
    (&["SYS_CHROOT"], &[call("chroot", 161, 61, 51)]),
    (
        &["SYS_MODULE"],
        &[
            call("delete_module", 176, 129, 106),
            call("finit_module", 313, 350, 273),
            call("init_module", 175, 128, 105),
        ],
    ),
    (
        &["SYS_NICE"],
        &[
            call("get_mempolicy", 239, 275, 236),
            call("mbind", 237, 274, 235),
            call("set_mempolicy", 238, 276, 237),
            call("set_mempolicy_home_node", 450, 450, 450),
        ],
    ),
    (&["SYS_PACCT"], &[call("acct", 163, 51, 89)]),
    (
        &["SYS_PTRACE"],
        &[
            call("kcmp", 312, 349, 272),
            call("pidfd_getfd", 438, 438, 438),
            call("process_madvise", 440, 440, 440),
        ],
    ),
    (
        &["SYS_RAWIO"],
        &[call("ioperm", 173, 101, NONE), call("iopl", 172, 110, NONE)],
    ),
    (
        &["SYS_TIME"],
        &[
            call("clock_settime", 227, 264, 112),
            call("clock_settime64", NONE, 404, NONE),
            call("settimeofday", 164, 79, 170),
            call("stime", NONE, 25, NONE),
        ],
    ),
    (&["SYS_TTY_CONFIG"], &[call("vhangup", 153, 111, 58)]),
];

/// Refused to all: keys and pages of the kernel that know no namespace, interfaces that were dropped, and io_uring, which goes past
/// filters of system calls.
pub const NEVER: &[Call] = &[
    call("_sysctl", 156, 149, NONE),
    call("add_key", 248, 286, 217),
    call("create_module", 174, 127, NONE),
    call("get_kernel_syms", 177, 130, NONE),
    call("io_uring_enter", 426, 426, 426),
    call("io_uring_register", 427, 427, 427),
    call("io_uring_setup", 425, 425, 425),
    call("keyctl", 250, 288, 219),
    call("migrate_pages", 256, 294, 238),
    call("move_pages", 279, 317, 239),
    call("nfsservctl", 180, 169, 42),
    call("pivot_root", 155, 217, 41),
    call("query_module", 178, 167, NONE),
    call("request_key", 249, 287, 218),
    call("swapoff", 168, 115, 225),
    call("swapon", 167, 87, 224),
    call("sysfs", 139, 135, NONE),
    call("uselib", 134, 86, NONE),
    call("userfaultfd", 323, 374, 282),
    call("ustat", 136, 62, NONE),
    call("vm86", NONE, 166, NONE),
    call("vm86old", NONE, 113, NONE),
];
