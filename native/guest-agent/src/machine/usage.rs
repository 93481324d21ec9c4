use super::proc::Proc;
use crate::proto::agent::{CpuTimes, MemoryUse, NetworkUse, StatsResponse};
use crate::system;
use std::io;
use std::time::Duration;

/// USER_HZ, which is 100 on every architecture that guests have.
const TICK: Duration = Duration::from_millis(10);

/// What the guest uses, as its kernel counts it.
pub fn usage(proc: &Proc) -> io::Result<StatsResponse> {
    let stat = proc.read("stat")?;
    let (load, task_count) = load(&proc.read("loadavg")?);
    Ok(StatsResponse {
        uptime: Some(system::duration(system::since_kernel_start())),
        cpu: Some(cpu_times(&stat)),
        cpu_count: cpu_count(&stat),
        memory: Some(memory(&proc.read("meminfo")?)),
        load,
        task_count,
        // Of the agent's own network namespace, which is the first.
        network: Some(network(&proc.read(&format!("{}/net/dev", std::process::id()))?)),
    })
}

/// proc_stat(5): user, nice, system, idle, iowait, irq, softirq, steal; guest time is in user.
fn cpu_times(stat: &str) -> CpuTimes {
    let line = stat
        .lines()
        .find_map(|line| line.strip_prefix("cpu "))
        .unwrap_or_default();
    let mut ticks = [0u32; 8];
    for (value, field) in ticks.iter_mut().zip(line.split_whitespace()) {
        *value = field.parse::<u64>().unwrap_or(0).try_into().unwrap_or(u32::MAX);
    }
    let [user, nice, system, idle, io_wait, interrupts, soft_interrupts, steal] = ticks.map(|ticks| TICK * ticks);
    CpuTimes {
        user: Some(system::duration(user + nice)),
        system: Some(system::duration(system + interrupts + soft_interrupts)),
        idle: Some(system::duration(idle)),
        io_wait: Some(system::duration(io_wait)),
        steal: Some(system::duration(steal)),
    }
}

fn cpu_count(stat: &str) -> u32 {
    let of_one = |line: &&str| line.starts_with("cpu") && !line.starts_with("cpu ");
    stat.lines().filter(of_one).count() as u32
}

/// proc_meminfo(5), in units of 1024 bytes.
fn memory(meminfo: &str) -> MemoryUse {
    let field = |name: &str| {
        let value = meminfo
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        let number = value.and_then(|value| value.split_whitespace().next()?.parse::<u64>().ok());
        number.unwrap_or(0).saturating_mul(1024)
    };
    MemoryUse {
        total: field("MemTotal"),
        free: field("MemFree"),
        available: field("MemAvailable"),
        cached: field("Cached").saturating_add(field("Buffers")),
    }
}

/// Two lines of headings, then for each interface "NAME:", eight numbers of what was received and eight of what was sent, bytes first.
fn network(dev: &str) -> NetworkUse {
    let mut network = NetworkUse::default();
    for (name, numbers) in dev.lines().skip(2).filter_map(|line| line.split_once(':')) {
        let mut numbers = numbers.split_whitespace().map(|number| number.parse().unwrap_or(0u64));
        if name.trim() != "lo" {
            network.received_bytes = network.received_bytes.saturating_add(numbers.next().unwrap_or(0));
            network.sent_bytes = network.sent_bytes.saturating_add(numbers.nth(7).unwrap_or(0));
        }
    }
    network
}

/// proc_loadavg(5): "0.20 0.18 0.12 1/80 11206".
fn load(loadavg: &str) -> (Vec<f64>, u32) {
    let averages = loadavg
        .split(' ')
        .take(3)
        .filter_map(|field| field.parse().ok())
        .collect();
    let tasks = loadavg.split(' ').nth(3).and_then(|field| field.split_once('/'));
    (averages, tasks.and_then(|(_, count)| count.parse().ok()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn millis(duration: Option<prost_types::Duration>) -> u128 {
        Duration::try_from(duration.unwrap()).unwrap().as_millis()
    }

    #[test]
    fn times_are_summed_over_kinds() {
        let times = cpu_times("cpu  10 5 20 3000 7 1 2 4 9 9\ncpu0 1 1 1 1\n");
        assert_eq!(millis(times.user), 150);
        assert_eq!(millis(times.system), 230);
        assert_eq!(
            (millis(times.idle), millis(times.io_wait), millis(times.steal)),
            (30_000, 70, 40)
        );
        assert_eq!(millis(cpu_times("garbage").user), 0);
        assert_eq!(cpu_count("cpu  1\ncpu0 1\ncpu1 1\nintr 5\n"), 2);
    }

    #[test]
    fn memory_is_in_bytes() {
        let text =
            "MemTotal:  2048 kB\nMemFree: 4 kB\nMemAvailable:\t8 kB\nBuffers: 1 kB\nCached: 2 kB\nSwapCached: 9 kB\n";
        let use_ = memory(text);
        assert_eq!(
            (use_.total, use_.free, use_.available, use_.cached),
            (2_097_152, 4096, 8192, 3072)
        );
        assert_eq!(memory("").total, 0);
    }

    #[test]
    fn network_is_what_went_through_all_cards() {
        let dev = "Inter-|   Receive |  Transmit\n face |bytes packets|bytes\n\
            lo: 9 9 0 0 0 0 0 0 9 9 0 0 0 0 0 0\n  eth0: 1000 3 0 0 0 0 0 0 200 2 0 0 0 0 0 0\n  eth1:5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0\n";
        let use_ = network(dev);
        assert_eq!((use_.received_bytes, use_.sent_bytes), (1005, 207));
        assert_eq!(network("").sent_bytes, 0);
        assert_eq!(network("\n\neth0: 1\n").received_bytes, 1);
    }

    #[test]
    fn load_is_three_averages_and_a_count() {
        assert_eq!(load("0.20 0.18 0.12 1/80 11206\n"), (vec![0.2, 0.18, 0.12], 80));
        assert_eq!(load("").1, 0);
    }
}
