use super::config::Config;
use crate::properties::{any_text, holds, text};
use crate::proto::boot::{GuestConfig, Mount, NetworkInterface, RootFilesystem, Tmpfs, VirtioFs, mount::Source};
use proptest::prelude::*;
use prost_types::Timestamp;

fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        text("[a-z0-9]{12}"),
        text("[a-z0-9-]{1,64}"),
        text("(/[.a]{0,3}){1,4}"),
        text("/dev/[a-z]{1,4}"),
        text("([0-9a-fg+]{2}:){5}[0-9a-f]{2}"),
        text("[0-9]{1,3}(\\.[0-9]{1,3}){3}"),
        any_text()
    ]
}

// Fields are added to the message, and this is to go on to compile.
#[allow(clippy::needless_update)]
fn config() -> impl Strategy<Value = GuestConfig> {
    let source = prop_oneof![
        (word(), word()).prop_map(|(tag, entry)| Source::VirtioFs(VirtioFs { tag, entry })),
        (any::<u64>(), any::<u32>()).prop_map(|(size_bytes, mode)| Source::Tmpfs(Tmpfs { size_bytes, mode })),
    ];
    let mount = (word(), any::<bool>(), prop::option::of(source)).prop_map(|(target, read_only, source)| Mount {
        target,
        read_only,
        source,
    });
    let root =
        (word(), any::<bool>(), any::<u64>(), word()).prop_map(|(lower_tag, read_only, size, device)| RootFilesystem {
            lower_tag,
            read_only,
            upper_size_bytes: size,
            upper_device: device,
        });
    let time = (any::<i64>(), any::<i32>()).prop_map(|(seconds, nanos)| Timestamp { seconds, nanos });
    let interface =
        (word(), word(), any::<u32>(), word(), any::<u32>()).prop_map(|(mac, address, prefix_length, gateway, mtu)| {
            NetworkInterface {
                mac,
                address,
                prefix_length,
                gateway,
                mtu,
            }
        });
    let parts = (
        text("[a-z0-9]{12}|\\PC{0,14}"),
        word(),
        prop::option::of(time),
        prop::option::of(root),
        prop::collection::vec(mount, 0..4),
        prop::collection::vec(interface, 0..3),
    );
    parts.prop_map(|(box_id, hostname, host_time, root, mounts, interfaces)| GuestConfig {
        box_id,
        hostname,
        host_time,
        root,
        mounts,
        interfaces,
        ..GuestConfig::default()
    })
}

/// Where volumes are mounted is within the root, whatever the host says.
#[test]
fn a_configuration_is_taken_whole_or_refused_with_a_reason() {
    holds(config(), |config| {
        let mounts = config.mounts.len();
        match Config::check(config) {
            Ok(checked) => {
                prop_assert_eq!(checked.volumes.len(), mounts);
                for volume in &checked.volumes {
                    let path = volume.path();
                    prop_assert!(path.starts_with('/') && !path.contains('\0'));
                    prop_assert!(path.split('/').all(|name| name != ".." && name != "."));
                }
            }
            Err(trouble) => prop_assert!(!trouble.message.is_empty()),
        }
        Ok(())
    });
}
