use crate::agent::{Outcome, run, shell};
use guest_agent::proto::agent::{Capabilities, ExecStart, ResourceLimit, exec_failed::Reason};

/// What the kernel says of a process that does not change itself.
const STATUS: &str = "grep -E '^(Uid|Cap(Prm|Eff|Inh|Bnd|Amb)|NoNewPrivs)' /proc/self/status | tr '\\t\\n' '  '";
const DEFAULT: &str = "00000000a80425fb";
const NONE: &str = "0000000000000000";

fn is_root() -> bool {
    unsafe { libc::geteuid() == 0 }
}

fn asking(add: &[&str], drop: &[&str]) -> Option<Capabilities> {
    let owned = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    Some(Capabilities {
        add: owned(add),
        drop: owned(drop),
    })
}

fn field(outcome: &Outcome, name: &str) -> String {
    let text = outcome.text();
    let value = text
        .split_once(&format!("{name}:"))
        .unwrap_or_else(|| panic!("{outcome:?}"))
        .1;
    value.split_whitespace().next().unwrap().to_owned()
}

/// Permitted, effective, inheritable, bounding and ambient set.
fn sets(outcome: &Outcome) -> [String; 5] {
    ["CapPrm", "CapEff", "CapInh", "CapBnd", "CapAmb"].map(|name| field(outcome, name))
}

#[tokio::test]
async fn root_has_what_container_engines_give_it_and_gains_nothing() {
    if !is_root() {
        return;
    }
    let outcome = run(shell(STATUS)).await;
    assert_eq!(sets(&outcome), [DEFAULT, DEFAULT, NONE, DEFAULT, NONE]);
    assert_eq!(field(&outcome, "NoNewPrivs"), "1");
    // What SYS_ADMIN, SYS_BOOT, SYS_MODULE and SYS_TIME are for.
    let denied =
        "mount -t tmpfs none /mnt 2>&1 && echo mounted; date -s '2001-01-01' 2>&1 >/dev/null && echo set; true";
    let text = run(shell(denied)).await.text();
    assert!(!text.contains("mounted") && !text.contains("set\n"), "{text}");
}

#[tokio::test]
async fn another_user_has_none_but_those_that_were_named() {
    if !is_root() {
        return;
    }
    let nobody = |capabilities| ExecStart {
        user: "65534".to_owned(),
        capabilities,
        ..shell(STATUS)
    };
    let outcome = run(nobody(None)).await;
    assert_eq!(sets(&outcome), [NONE, NONE, NONE, DEFAULT, NONE]);
    assert_eq!(field(&outcome, "Uid"), "65534");
    let named = "0000000000001000";
    let outcome = run(nobody(asking(&["NET_ADMIN"], &["ALL"]))).await;
    assert_eq!(sets(&outcome), [named; 5]);
}

#[tokio::test]
async fn capabilities_are_added_and_dropped() {
    if !is_root() {
        return;
    }
    let root = |capabilities| ExecStart {
        capabilities,
        ..shell(STATUS)
    };
    let outcome = run(root(asking(&[], &["ALL"]))).await;
    assert_eq!(sets(&outcome), [NONE; 5]);
    let outcome = run(root(asking(&["CAP_SYS_TIME"], &["MKNOD"]))).await;
    assert_eq!(
        field(&outcome, "CapEff"),
        format!("{:016x}", (0xa80425fb_u64 | 1 << 25) & !(1 << 27))
    );
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let own = own
        .lines()
        .find_map(|line| line.strip_prefix("CapBnd:"))
        .unwrap()
        .trim();
    assert_eq!(field(&run(root(asking(&["ALL"], &[]))).await, "CapEff"), own);
    let failed = run(root(asking(&["SYS_EVERYTHING"], &[]))).await.failed.unwrap();
    assert_eq!(failed.reason, i32::from(Reason::Invalid));
    assert!(failed.message.contains("SYS_EVERYTHING"));
}

#[tokio::test]
async fn programs_that_give_rights_do_so_only_when_that_was_allowed() {
    if !is_root() {
        return;
    }
    let directory = std::env::temp_dir().join(format!("a3s-suid-{}", std::process::id()));
    std::fs::create_dir(&directory).unwrap();
    let program = directory.join("id");
    std::fs::copy("/usr/bin/id", &program).unwrap();
    let allow = std::os::unix::fs::PermissionsExt::from_mode;
    std::fs::set_permissions(&directory, allow(0o755)).unwrap();
    std::fs::set_permissions(&program, allow(0o4755)).unwrap();
    for (new_privileges, euid) in [(false, "65534\n"), (true, "0\n")] {
        let script = format!("{} -u", program.display());
        let start = ExecStart {
            user: "65534:65534".to_owned(),
            new_privileges,
            ..shell(&script)
        };
        assert_eq!(run(start).await.text(), euid);
    }
    std::fs::remove_dir_all(directory).unwrap();
}

/// Filters of system calls that the agent's parent runs under, which its processes run under too.
fn own_filters() -> u32 {
    let own = std::fs::read_to_string("/proc/self/status").unwrap();
    let filters = own.lines().find_map(|line| line.strip_prefix("Seccomp_filters:"));
    filters.unwrap().trim().parse().unwrap()
}

#[tokio::test]
async fn a_process_makes_no_system_calls_that_containers_do_not_make() {
    let status = "grep Seccomp_filters /proc/self/status";
    let filters = async |start: ExecStart| field(&run(start).await, "Seccomp_filters").parse::<u32>().unwrap();
    assert_eq!(filters(shell(status)).await, own_filters() + 1);
    let unconfined = |script: &str| ExecStart {
        seccomp_unconfined: true,
        ..shell(script)
    };
    assert_eq!(filters(unconfined(status)).await, own_filters());
    // EPERM for a vsock socket, ENOSYS for a call that is too new; a socket of the internet is none of its business.
    let errno = |number: i64, first: i32| format!("perl -e 'syscall({number}, {first}, 1, 0); print $! + 0'");
    let (socket, too_new) = (libc::SYS_socket, 4000);
    assert_eq!(run(shell(&errno(socket, libc::AF_VSOCK))).await.text(), "1");
    assert_eq!(run(shell(&errno(too_new, 0))).await.text(), "38");
    assert_eq!(run(shell(&errno(socket, libc::AF_INET))).await.text(), "0");
    assert_ne!(run(unconfined(&errno(socket, libc::AF_VSOCK))).await.text(), "1");
}

#[tokio::test]
async fn the_filter_opens_with_the_capabilities() {
    if !is_root() {
        return;
    }
    let unshare = |add: &[&str]| ExecStart {
        capabilities: asking(add, &[]),
        ..shell("unshare --uts true && echo done")
    };
    assert_eq!(run(unshare(&[])).await.text(), "");
    assert_eq!(run(unshare(&["SYS_ADMIN"])).await.text(), "done\n");
    // The kernel itself gives a namespace of users to anybody.
    let users = ExecStart {
        user: "65534".to_owned(),
        ..shell("unshare --user true 2>&1")
    };
    assert!(run(users).await.text().contains("not permitted"));
}

#[tokio::test]
async fn limits_of_resources_are_set_and_the_default_is_kept_else() {
    let limit = |name: &str, soft, hard| ResourceLimit {
        name: name.to_owned(),
        soft,
        hard,
    };
    let limits = vec![
        limit("nofile", 99, 100),
        limit("core", 0, 0),
        limit("cpu", 50, u64::MAX),
    ];
    let script = "ulimit -Sn; ulimit -Hn; ulimit -Sc; ulimit -St; ulimit -Ht";
    assert_eq!(
        run(ExecStart {
            limits,
            ..shell(script)
        })
        .await
        .text(),
        "99\n100\n0\n50\nunlimited\n"
    );
    assert_eq!(run(shell("ulimit -Sn")).await.text(), "1024\n");
    for limits in [vec![limit("nofile", 2, 1)], vec![limit("sails", 1, 1)]] {
        let failed = run(ExecStart {
            limits,
            ..shell("true")
        })
        .await
        .failed
        .unwrap();
        assert_eq!(failed.reason, i32::from(Reason::Invalid));
    }
}

#[tokio::test]
async fn a_process_is_as_likely_as_any_to_go_when_memory_runs_out_and_cannot_hide() {
    if !is_root() {
        return;
    }
    // That the agent itself is at -1000 is seen in a VM: some machines that tests run on allow nobody to go there.
    let script = "cat /proc/self/oom_score_adj; echo -5 2>/dev/null >/proc/self/oom_score_adj || echo denied";
    assert_eq!(run(shell(script)).await.text(), "0\ndenied\n");
}
